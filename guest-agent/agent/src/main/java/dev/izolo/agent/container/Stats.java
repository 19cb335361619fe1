package dev.izolo.agent.container;

import dev.izolo.agent.linux.Mounts;
import dev.izolo.agent.v1.ContainerUsage;
import dev.izolo.agent.v1.GetStatsRequest;
import dev.izolo.agent.v1.GetStatsResponse;
import dev.izolo.agent.v1.InterfaceUsage;
import dev.izolo.agent.v1.Usage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Usage of the VM, its containers and its network, read from the kernel's own counters when asked. */
public final class Stats {
  private static final long NANOS_PER_MICRO = 1000;
  private static final long BYTES_PER_KIB = 1024;
  private static final byte[][] CPU = {CounterFile.key("usage_usec ")};
  private static final byte[][] GROUP_MEMORY = {
    CounterFile.key("anon "), CounterFile.key("inactive_file "), CounterFile.key("pgfault "),
    CounterFile.key("pgmajfault ")
  };
  private static final byte[][] MEMORY = {
    CounterFile.key("MemTotal:"), CounterFile.key("MemAvailable:"), CounterFile.key("AnonPages:"),
    CounterFile.key("SwapTotal:"), CounterFile.key("SwapFree:")
  };
  private static final byte[][] PAGING = {CounterFile.key("pgfault "), CounterFile.key("pgmajfault ")};

  private final ContainerRegistry registry;
  private final Cgroups cgroups;
  private final String root;
  private final String proc;
  // One walk at a time: they would only take the CPU from each other.
  private final CounterFile file = new CounterFile();
  private final long[] cpu = new long[CPU.length];
  private final long[] groupMemory = new long[GROUP_MEMORY.length];
  private final long[] memory = new long[MEMORY.length];
  private final long[] paging = new long[PAGING.length];

  /** @param root the cgroup mount */
  public Stats(ContainerRegistry registry, Cgroups cgroups, Path root) {
    this(registry, cgroups, root, Path.of("/proc"));
  }

  /** @param proc the proc mount, or a directory that stands for it */
  Stats(ContainerRegistry registry, Cgroups cgroups, Path root, Path proc) {
    this.registry = registry;
    this.cgroups = cgroups;
    this.root = root.toString();
    this.proc = proc.toString();
  }

  /** What is asked for; containers that are not known are left out. */
  public synchronized GetStatsResponse read(GetStatsRequest request) throws IOException {
    GetStatsResponse.Builder stats = GetStatsResponse.newBuilder();
    if (!request.getNoContainers()) {
      List<String> ids = request.getContainerIdsList();
      for (Container container : registry.all()) {
        if (ids.isEmpty() || ids.contains(container.id())) {
          stats.addContainers(container(container));
        }
      }
    }
    stats.setSandbox(sandbox());
    addInterfaces(stats);
    return stats.build();
  }

  private ContainerUsage container(Container container) throws IOException {
    ContainerUsage.Builder usage = ContainerUsage.newBuilder().setContainerId(container.id())
        .setUsage(group(cgroups.directory(container.id()).toString()));
    if (container.root() != null) {
      Mounts.Usage disk = Mounts.usage(container.root().writable());
      usage.setWritableUsedBytes(disk.usedBytes()).setWritableUsedInodes(disk.usedInodes());
    }
    return usage.build();
  }

  /** A group's usage; zeros for one that does not exist, such as a container's that has not been started. */
  private Usage group(String group) throws IOException {
    long at = Clock.unixNanos();
    file.values(group + "/memory.stat", GROUP_MEMORY, groupMemory);
    file.values(group + "/cpu.stat", CPU, cpu);
    long current = file.number(group + "/memory.current");
    return Usage.newBuilder()
        .setAtUnixNanos(at)
        .setCpuUsageNanos(cpu[0] * NANOS_PER_MICRO)
        .setMemoryUsageBytes(current)
        .setMemoryWorkingSetBytes(Math.max(0, current - groupMemory[1]))
        .setMemoryRssBytes(groupMemory[0])
        .setMemoryPageFaults(groupMemory[2])
        .setMemoryMajorPageFaults(groupMemory[3])
        .setMemoryLimitBytes(file.number(group + "/memory.max"))
        .setProcessCount(file.number(group + "/pids.current"))
        .setSwapUsageBytes(file.number(group + "/memory.swap.current"))
        .build();
  }

  private Usage sandbox() throws IOException {
    long at = Clock.unixNanos();
    file.values(proc + "/meminfo", MEMORY, memory);
    file.values(proc + "/vmstat", PAGING, paging);
    file.values(root + "/cpu.stat", CPU, cpu);
    long used = (memory[0] - memory[1]) * BYTES_PER_KIB;
    return Usage.newBuilder()
        .setAtUnixNanos(at)
        .setCpuUsageNanos(cpu[0] * NANOS_PER_MICRO)
        .setMemoryUsageBytes(used)
        .setMemoryWorkingSetBytes(used)
        .setMemoryRssBytes(memory[2] * BYTES_PER_KIB)
        .setMemoryPageFaults(paging[0])
        .setMemoryMajorPageFaults(paging[1])
        .setMemoryLimitBytes(memory[0] * BYTES_PER_KIB)
        .setProcessCount(file.number(cgroups.podDirectory() + "/pids.current"))
        .setSwapUsageBytes((memory[3] - memory[4]) * BYTES_PER_KIB)
        .build();
  }

  /** The interfaces in /proc/net/dev, but for loopback; lines of another form, as its headings are, are passed over. */
  private void addInterfaces(GetStatsResponse.Builder stats) throws IOException {
    for (file.open(proc + "/net/dev"); !file.atEnd(); file.nextLine()) {
      String name = file.nextText(':');
      if (name == null || name.equals("lo")) {
        continue;
      }
      // bytes packets errs drop fifo frame compressed multicast, of what was received and then of what was sent.
      InterfaceUsage.Builder link = InterfaceUsage.newBuilder().setName(name).setRxBytes(file.nextNumber());
      file.nextNumber();
      link.setRxErrors(file.nextNumber());
      for (int i = 0; i < 5; i++) {
        file.nextNumber();
      }
      link.setTxBytes(file.nextNumber());
      file.nextNumber();
      stats.addInterfaces(link.setTxErrors(file.nextNumber()));
    }
  }
}
