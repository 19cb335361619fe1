package dev.izolo.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.lifecycle.Timeline;
import dev.izolo.linux.LinuxProcess;
import dev.izolo.linux.Tap;
import dev.izolo.vm.AttachedDisk;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.HostSupport;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmSpec;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real QEMU, as root. System properties izolo.kernel and izolo.vsockBackend are needed, izolo.rootfs for the tests that
 * need a guest with the agent in it; the others boot a kernel whose init is missing or trivial.
 */
@Tag("vm")
class RealVmTest {
  private static final Duration BOOT = Duration.ofSeconds(90);

  @TempDir Path temp;
  private QemuVmm vmm;
  private QemuSettings settings;
  private Path disks;
  private final List<Vm> vms = new ArrayList<>();

  @BeforeEach
  void prepare() throws Exception {
    Assumptions.assumeTrue(System.getProperty("izolo.kernel") != null, "izolo.kernel is not set");
    Assumptions.assumeTrue(System.getProperty("izolo.vsockBackend") != null, "izolo.vsockBackend is not set");
    disks = Files.createDirectory(temp.resolve("disks"));
    settings =
        QemuSettings.defaults(
                Path.of(System.getProperty("izolo.kernel")), emptyRootfs(), temp.resolve("run"), List.of(disks))
            .withVsockBackend(Path.of(System.getProperty("izolo.vsockBackend")));
    vmm = new QemuVmm(settings);
  }

  @AfterEach
  void cleanUp() throws Exception {
    for (Vm vm : vms) {
      vm.destroy(Duration.ZERO);
    }
    if (vmm != null) {
      vmm.close();
      assertThat(leftovers()).isEmpty();
    }
  }

  @Test
  void quotesTheConsoleOfAGuestThatPanics() throws Exception {
    Vm vm = boot(vmm, "panics");

    assertThatThrownBy(() -> vm.awaitAgent(BOOT))
        .isInstanceOf(VmException.BootFailed.class)
        .hasMessageContaining("Kernel panic")
        .hasMessageContaining("reset itself");
    assertThat(vm.exited().get(1, TimeUnit.SECONDS).exitCode()).contains(0);
  }

  @Test
  void runsAsItsOwnUserWithNothingLeftToIt() throws Exception {
    Vm vm = bootWithAgent("confined");
    long pid = vm.record().qemu().pid();

    String status = Files.readString(Path.of("/proc/" + pid + "/status"));

    int uid = vm.record().uid();
    assertThat(status)
        .contains("Uid:\t%1$d\t%1$d\t%1$d\t%1$d".formatted(uid))
        .contains("Gid:\t%1$d\t%1$d\t%1$d\t%1$d".formatted(uid))
        .contains("CapEff:\t0000000000000000")
        .contains("CapBnd:\t0000000000000000")
        .contains("NoNewPrivs:\t1")
        .contains("Seccomp:\t2");
    assertThat(Files.readString(Path.of("/proc/" + pid + "/environ"))).isEmpty();
    assertThat(Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/net")))
        .isNotEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/net")));
  }

  @Test
  void reachesTheAgentAndPowersOff() throws Exception {
    var timeline = new Timeline();
    Vm vm = bootWithAgent("agent");
    vm.awaitAgent(BOOT);
    System.out.println("agent answered after " + timeline.elapsed().toMillis() + " ms");

    assertThat(vm.consoleTail()).contains("izolo-agent: ready");
    assertThat(vm.hostUsage().pssBytes()).isGreaterThan(10 << 20);
    vm.destroy(Duration.ofSeconds(20));
    assertThat(vm.exited().get(1, TimeUnit.SECONDS).reason()).isEqualTo("the guest powered off");
  }

  @Test
  void plugsManyDisksAtOnceAndUnplugsThem() throws Exception {
    Vm vm = bootWithAgent("plugged");
    vm.awaitAgent(BOOT);
    List<Callable<AttachedDisk>> plugs = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      var disk = new DiskSpec(diskFile("disk" + i), i % 2 == 0, "serial-" + i);
      plugs.add(() -> vm.attachDisk(disk));
    }

    long start = System.nanoTime();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var plugged : threads.invokeAll(plugs)) {
        plugged.get();
      }
    }
    System.out.println("12 disks plugged in " + (System.nanoTime() - start) / 1_000_000 + " ms");
    assertThat(vm.record().disks()).hasSize(12).extracting("scsiTarget").doesNotHaveDuplicates();
    assertThat(descriptorsOf(vm)).anyMatch(path -> path.endsWith("disk11"));

    start = System.nanoTime();
    for (var disk : vm.record().disks()) {
      vm.detachDisk(disk);
      vm.detachDisk(disk);
    }
    System.out.println("12 disks unplugged in " + (System.nanoTime() - start) / 1_000_000 + " ms");
    assertThat(vm.record().disks()).isEmpty();
    assertThat(descriptorsOf(vm)).noneMatch(path -> path.contains("/disks/"));
  }

  @Test
  void isAdoptedByTheNextDaemonWithItsDisks() throws Exception {
    Vm vm = bootWithAgent("adopted");
    vm.awaitAgent(BOOT);
    var disk = vm.attachDisk(new DiskSpec(diskFile("scratch"), false, "scratch"));
    vmm.close();

    vmm = new QemuVmm(settings);
    Vm adopted = vmm.adopt(vm.record());
    vms.set(0, adopted);

    adopted.awaitAgent(Duration.ofSeconds(10));
    assertThat(adopted.record()).isEqualTo(vm.record());
    adopted.detachDisk(disk);
    var exit = adopted.exited();
    LinuxProcess.hold(adopted.record().qemu().pid()).orElseThrow().signal(LinuxProcess.SIGKILL);
    assertThat(exit.get(5, TimeUnit.SECONDS).reason()).contains("unexpectedly");
    assertThatThrownBy(() -> vmm.adopt(vm.record())).isInstanceOf(VmException.Gone.class);
  }

  @Test
  void endsWhenItsVsockBackendDies() throws Exception {
    Vm vm = bootWithAgent("helperless");

    LinuxProcess.hold(vm.record().helpers().getFirst().pid()).orElseThrow().signal(LinuxProcess.SIGKILL);

    assertThat(vm.exited().get(5, TimeUnit.SECONDS).reason()).contains("vsock backend");
    assertThatThrownBy(() -> vm.attachDisk(new DiskSpec(diskFile("late"), true, "late")))
        .isInstanceOf(VmException.Gone.class);
  }

  @Test
  void joinsThePodsNetworkWithItsTap() throws Exception {
    Assumptions.assumeTrue(System.getProperty("izolo.rootfs") != null, "izolo.rootfs is not set");
    String name = "izolo-test-" + ProcessHandle.current().pid();
    run("ip", "netns", "add", name);
    try {
      Path namespace = Path.of("/run/netns", name);
      run("nsenter", "--net=" + namespace, "ip", "tuntap", "add", "dev", "tap0", "mode", "tap");
      run("nsenter", "--net=" + namespace, "ip", "link", "set", "tap0", "up");
      useAgentsRootfs();
      Vm vm = boot(vmm, "linked", Optional.of(new VmSpec.Network(namespace, "tap0", "02:00:00:00:00:42")));

      assertThat(Files.getAttribute(Path.of("/proc/" + vm.record().qemu().pid() + "/ns/net"), "unix:ino"))
          .isEqualTo(Files.getAttribute(namespace, "unix:ino"));
      assertThatThrownBy(() -> Tap.open(namespace, "tap0")).hasMessageContaining("EBUSY");
      // The carrier is there because QEMU holds the device's other end.
      assertThat(output("nsenter", "--net=" + namespace, "ip", "link", "show", "tap0")).contains("LOWER_UP");
      vm.destroy(Duration.ZERO);
      assertThat(output("nsenter", "--net=" + namespace, "ip", "link", "show", "tap0")).contains("NO-CARRIER");
    } finally {
      run("ip", "netns", "del", name);
    }
  }

  @Test
  void leavesNothingWhenABootIsCancelled() throws Exception {
    Assumptions.assumeTrue(System.getProperty("izolo.rootfs") != null, "izolo.rootfs is not set");
    useAgentsRootfs();
    Path directory = Files.createDirectory(temp.resolve("cancelled"));
    var spec = new VmSpec("cancelled", directory, 1, 256, Optional.empty(), List.of(), List.of());
    for (int millis : new int[] {0, 20, 60, 100, 150}) {
      var boot = new FutureTask<Vm>(() -> vmm.boot(spec, new Timeline()));
      Thread thread = Thread.ofVirtual().start(boot);
      thread.join(Duration.ofMillis(millis));
      thread.interrupt();
      thread.join();
      try {
        boot.get().destroy(Duration.ZERO);
      } catch (ExecutionException e) {
        assertThat(e).hasCauseInstanceOf(InterruptedException.class);
      }
      assertThat(leftovers()).isEmpty();
      assertThat(output("sh", "-c", "ps ax -o args | grep -c '[i]zolo-cancelled' || true").strip()).isEqualTo("0");
    }
  }

  @Test
  void purgesAVmThatNobodyRecorded() throws Exception {
    Vm vm = bootWithAgent("orphan");

    vmm.purge("orphan", temp.resolve("orphan"));

    assertThat(vm.exited().get(5, TimeUnit.SECONDS)).isNotNull();
    assertThat(ProcessesOf.exist(vm.record().uid())).isFalse();
  }

  @Test
  void quotesQemuWhenItRefusesToStart() throws Exception {
    Path notAKernel = Files.writeString(temp.resolve("vmlinux"), "not a kernel");
    vmm.close();
    settings =
        QemuSettings.defaults(notAKernel, settings.rootfs(), settings.runDirectory(), List.of(disks))
            .withAccelerator(QemuSettings.AcceleratorChoice.TCG)
            .withVsockBackend(settings.vsockBackend().orElseThrow());
    vmm = new QemuVmm(settings);

    assertThatThrownBy(() -> boot(vmm, "kernelless"))
        .isInstanceOf(VmException.BootFailed.class)
        .hasMessageContaining("phase qemu: QEMU ended at once; it said: ")
        .hasMessageContaining("kernel");
  }

  @Test
  void tellsThatKvmDoesNotBootAGuestHereIfSo() throws Exception {
    var support = vmm.hostSupport();

    var kvm = support.findings().stream().filter(f -> f.subject().equals("kvm")).findFirst().orElseThrow();
    System.out.println(kvm);
    if (support.accelerator() == HostSupport.Accelerator.TCG) {
      assertThat(kvm.severity()).isEqualTo(HostSupport.Severity.WARNING);
      assertThat(kvm.cure()).isNotBlank();
    } else {
      assertThat(kvm.severity()).isEqualTo(HostSupport.Severity.OK);
    }
  }

  private Vm bootWithAgent(String id) throws Exception {
    Assumptions.assumeTrue(System.getProperty("izolo.rootfs") != null, "izolo.rootfs is not set");
    useAgentsRootfs();
    return boot(vmm, id);
  }

  private void useAgentsRootfs() throws Exception {
    vmm.close();
    settings =
        QemuSettings.defaults(
                settings.kernel(),
                Path.of(System.getProperty("izolo.rootfs")),
                settings.runDirectory(),
                settings.diskDirectories())
            .withVsockBackend(settings.vsockBackend().orElseThrow());
    vmm = new QemuVmm(settings);
  }

  private static void run(String... command) throws Exception {
    output(command);
  }

  private static String output(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  private Vm boot(QemuVmm vmm, String id) throws Exception {
    return boot(vmm, id, Optional.empty());
  }

  private Vm boot(QemuVmm vmm, String id, Optional<VmSpec.Network> network) throws Exception {
    Path directory = Files.createDirectory(temp.resolve(id));
    var timeline = new Timeline();
    Vm vm = vmm.boot(new VmSpec(id, directory, 1, 256, network, List.of(), List.of()), timeline);
    System.out.println(id + ": " + timeline.phases());
    vms.add(vm);
    return vm;
  }

  private Path diskFile(String name) throws Exception {
    Path file = disks.resolve(name);
    try (var raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(1 << 20);
    }
    return file;
  }

  /** A root that the kernel cannot mount. */
  private Path emptyRootfs() throws Exception {
    return Files.write(temp.resolve("empty.img"), new byte[1 << 20]);
  }

  private static List<String> descriptorsOf(Vm vm) throws Exception {
    var paths = new ArrayList<String>();
    try (Stream<Path> fds = Files.list(Path.of("/proc/" + vm.record().qemu().pid() + "/fd"))) {
      for (Path fd : (Iterable<Path>) fds::iterator) {
        paths.add(Files.readSymbolicLink(fd).toString());
      }
    }
    return paths;
  }

  /** Claims, sockets and FIFOs that are still there. */
  private List<Path> leftovers() throws Exception {
    try (Stream<Path> all = Files.walk(temp)) {
      return all.filter(
              path ->
                  path.getParent().endsWith("uids")
                      || path.getParent().endsWith("cids")
                      || path.toString().endsWith(".sock")
                      || path.toString().endsWith(".fifo"))
          .toList();
    }
  }
}
