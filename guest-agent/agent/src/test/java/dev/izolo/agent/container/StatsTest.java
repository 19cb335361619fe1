package dev.izolo.agent.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.process.Reaper;
import dev.izolo.agent.v1.GetStatsRequest;
import dev.izolo.agent.v1.GetStatsResponse;
import dev.izolo.agent.v1.InterfaceUsage;
import dev.izolo.agent.v1.PidNamespace;
import dev.izolo.agent.v1.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StatsTest {
  @TempDir Path directory;

  private final ContainerRegistry registry = new ContainerRegistry();
  private Path mount;
  private Path proc;
  private Stats stats;

  @BeforeEach
  void machine() throws IOException {
    mount = Files.createDirectory(directory.resolve("cgroup"));
    proc = Files.createDirectory(directory.resolve("proc"));
    stats = new Stats(registry, new Cgroups(mount), mount, proc);
    write(mount.resolve("cpu.stat"), "usage_usec 9000\nuser_usec 1\n");
    write(mount.resolve("pod/pids.current"), "17\n");
    write(proc.resolve("meminfo"),
        "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable: 600 kB\nSwapTotal: 10 kB\nSwapFree: 4 kB\nAnonPages: 5 kB\n");
    write(proc.resolve("vmstat"), "nr_free_pages 5\npgfault 70\npgmajfault 8\n");
    write(proc.resolve("net/dev"),
        """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
            lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
          eth0:    2000      10    3    0    0     0          0         0     4000      20    5    0    0     0       0          0
        """);
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private void container(String id) throws IOException {
    registry.add(new Container(id, directory.resolve(id), new OciRuntime(Path.of("/runc"), directory, new Reaper()),
        PidNamespace.PID_NAMESPACE_CONTAINER, false, false, false));
    Path group = mount.resolve("pod").resolve(id);
    write(group.resolve("cpu.stat"), "usage_usec 1500\nuser_usec 1000\n");
    write(group.resolve("memory.current"), "1000000\n");
    write(group.resolve("memory.max"), "max\n");
    write(group.resolve("memory.stat"),
        "anon 300000\nfile 1\ninactive_anon 7\ninactive_file 250000\nworkingset_x 1\npgfault 12\npgmajfault 3\nthp 1\n");
    write(group.resolve("pids.current"), "4\n");
    write(group.resolve("memory.swap.current"), "4096\n");
  }

  private static GetStatsRequest all() {
    return GetStatsRequest.getDefaultInstance();
  }

  @Test
  void readsAContainersGroup() throws IOException {
    container("c1");
    Usage usage = stats.read(all()).getContainers(0).getUsage();
    assertThat(usage.getCpuUsageNanos()).isEqualTo(1_500_000);
    assertThat(usage.getMemoryUsageBytes()).isEqualTo(1_000_000);
    assertThat(usage.getMemoryWorkingSetBytes()).isEqualTo(750_000);
    assertThat(usage.getMemoryRssBytes()).isEqualTo(300_000);
    assertThat(usage.getMemoryPageFaults()).isEqualTo(12);
    assertThat(usage.getMemoryMajorPageFaults()).isEqualTo(3);
    assertThat(usage.getMemoryLimitBytes()).isZero();
    assertThat(usage.getProcessCount()).isEqualTo(4);
    assertThat(usage.getSwapUsageBytes()).isEqualTo(4096);
    assertThat(usage.getAtUnixNanos()).isPositive();
  }

  @Test
  void readsTheVmAndItsNetwork() throws IOException {
    GetStatsResponse answer = stats.read(all());
    Usage vm = answer.getSandbox();
    assertThat(vm.getCpuUsageNanos()).isEqualTo(9_000_000);
    assertThat(vm.getMemoryUsageBytes()).isEqualTo(400 << 10);
    assertThat(vm.getMemoryWorkingSetBytes()).isEqualTo(400 << 10);
    assertThat(vm.getMemoryRssBytes()).isEqualTo(5 << 10);
    assertThat(vm.getMemoryLimitBytes()).isEqualTo(1000 << 10);
    assertThat(vm.getMemoryPageFaults()).isEqualTo(70);
    assertThat(vm.getMemoryMajorPageFaults()).isEqualTo(8);
    assertThat(vm.getSwapUsageBytes()).isEqualTo(6 << 10);
    assertThat(vm.getProcessCount()).isEqualTo(17);
    assertThat(answer.getInterfacesList()).containsExactly(InterfaceUsage.newBuilder().setName("eth0").setRxBytes(2000)
        .setRxErrors(3).setTxBytes(4000).setTxErrors(5).build());
  }

  @Test
  void aGroupThatIsGoneCountsNothingAndSpoilsNoOther() throws IOException {
    container("c1");
    registry.add(new Container("c0", directory, null, PidNamespace.PID_NAMESPACE_CONTAINER, false, false, false));
    GetStatsResponse answer = stats.read(all());
    assertThat(answer.getContainers(0).getUsage().toBuilder().clearAtUnixNanos().build())
        .isEqualTo(Usage.getDefaultInstance());
    assertThat(answer.getContainers(1).getUsage().getMemoryUsageBytes()).isEqualTo(1_000_000);
  }

  @Test
  void onlyWhatIsAskedForIsRead() throws IOException {
    container("c1");
    container("c2");
    assertThat(stats.read(GetStatsRequest.newBuilder().addContainerIds("c2").addContainerIds("c3").build())
        .getContainersList()).extracting(usage -> usage.getContainerId()).containsExactly("c2");
    GetStatsResponse vm = stats.read(GetStatsRequest.newBuilder().setNoContainers(true).build());
    assertThat(vm.getContainersList()).isEmpty();
    assertThat(vm.getSandbox().getProcessCount()).isEqualTo(17);
    assertThat(vm.getInterfacesList()).hasSize(1);
  }

  @Test
  void aFileThatCannotBeReadIsAnError() throws IOException {
    Files.delete(proc.resolve("vmstat"));
    Files.createDirectory(proc.resolve("vmstat"));
    assertThatThrownBy(() -> stats.read(all())).isInstanceOf(IOException.class);
  }

  @Test
  void aFileLargerThanTheBufferIsReadWhole() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 5000; i++) {
      text.append("counter_").append(i).append(' ').append(i).append('\n');
    }
    write(proc.resolve("vmstat"), text + "pgfault 70\n" + "pgmajfault 8\n");
    assertThat(stats.read(all()).getSandbox().getMemoryMajorPageFaults()).isEqualTo(8);
  }

  @Test
  void aListOfInterfacesWithoutEndIsCutOff() throws IOException {
    write(proc.resolve("net/dev"), "  v0: 1 2 3 4 5 6 7 8 9 10 11\n".repeat(100_000));
    assertThat(stats.read(all()).getInterfacesCount()).isBetween(1000, 50_000);
  }

  @Test
  void whatIsNoNumberIsZero() throws IOException {
    Path file = directory.resolve("f");
    CounterFile counters = new CounterFile();
    for (String text : new String[] {"", "max\n", "-1\n", "99999999999999999999999\n", " \n", "x1"}) {
      write(file, text);
      assertThat(counters.number(file.toString())).as(text).isZero();
    }
    write(file, "1234567890123456789");
    assertThat(counters.number(file.toString())).isEqualTo(1_234_567_890_123_456_789L);
  }

  @Test
  void aKeyIsFoundOnlyWhereALineBeginsWithAllOfIt() throws IOException {
    Path file = directory.resolve("f");
    write(file, "anon_thp 5\nxanon 6\nanon 7\nan");
    long[] found = new long[2];
    new CounterFile().values(file.toString(),
        new byte[][] {CounterFile.key("anon "), CounterFile.key("another ")}, found);
    assertThat(found).containsExactly(7, 0);
  }
}
