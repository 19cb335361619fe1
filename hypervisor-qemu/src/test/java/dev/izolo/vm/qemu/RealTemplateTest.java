package dev.izolo.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.izolo.agent.v1.AgentGrpc;
import dev.izolo.agent.v1.ConfigureSandboxRequest;
import dev.izolo.agent.v1.PrepareSandboxRequest;
import dev.izolo.agent.v1.GetInfoRequest;
import dev.izolo.agent.v1.GetInfoResponse;
import dev.izolo.agent.v1.GetStatsRequest;
import dev.izolo.lifecycle.Rollback;
import dev.izolo.lifecycle.Timeline;
import dev.izolo.linux.MemoryFile;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.Template;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmSpec;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpMessage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Templates of real VMs, as root. System properties izolo.kernel, izolo.vsockBackend and izolo.rootfs are needed. */
@Tag("vm")
class RealTemplateTest {
  private static final int MEMORY_MIB = 256;
  private static final String NAMESPACE = "izolo-test-" + ProcessHandle.current().pid();

  @TempDir Path temp;
  private QemuSettings settings;
  private QemuVmm vmm;
  private final List<Vm> vms = new ArrayList<>();

  @BeforeEach
  void prepare() throws Exception {
    for (String property : List.of("izolo.kernel", "izolo.vsockBackend", "izolo.rootfs")) {
      Assumptions.assumeTrue(System.getProperty(property) != null, property + " is not set");
    }
    settings =
        QemuSettings.defaults(
                Path.of(System.getProperty("izolo.kernel")),
                Path.of(System.getProperty("izolo.rootfs")),
                temp.resolve("run"),
                List.of(Files.createDirectory(temp.resolve("disks"))))
            .withVsockBackend(Path.of(System.getProperty("izolo.vsockBackend")));
    vmm = new QemuVmm(settings);
    run("ip", "netns", "add", NAMESPACE);
  }

  @AfterEach
  void cleanUp() throws Exception {
    for (Vm vm : vms) {
      vm.destroy(Duration.ZERO);
    }
    if (vmm != null) {
      vmm.close();
      run("ip", "netns", "del", NAMESPACE);
      assertThat(idsInUse()).isEmpty();
    }
  }

  @Test
  void restoresSiblingsThatShareNothingButTheTemplate() throws Exception {
    Template template = makeTemplate();

    assertThat(vmm.template(1, MEMORY_MIB)).contains(template);
    assertThat(vmm.makeTemplate(spec("again", "tap9"), _ -> {}, new Timeline())).isEqualTo(template);
    var bootIds = new ArrayList<String>();
    for (int i = 1; i <= 4; i++) {
      Vm vm = restore("copy-" + i, "tap" + i, template);
      assertThat(Files.readString(Path.of("/proc/" + vm.record().qemu().pid() + "/maps"))).contains("izolo-ram");
      var info = info(vm);
      assertThat(info.getConfigured()).isFalse();
      // Made of the guest kernel's random numbers when first asked for, before the host has given it any: what tells
      // siblings apart here is their generation id alone.
      bootIds.add(info.getBootId());
      configure(vm);
      assertThat(info(vm).getConfigured()).isTrue();
      var clock = Duration.ofNanos(agent(vm).getStats(GetStatsRequest.getDefaultInstance()).getSandbox().getAtUnixNanos());
      assertThat(clock).isBetween(now().minusSeconds(2), now().plusSeconds(2));
    }
    assertThat(bootIds).doesNotHaveDuplicates().doesNotContain("");
  }

  @Test
  void growsARestoredVm() throws Exception {
    Vm vm = restore("growing", "tap1", makeTemplate());
    long before = info(vm).getMemoryTotalBytes();

    var timeline = new Timeline();
    try (var _ = timeline.phase("memory")) {
      vm.grow(1, 500);
    }
    try (var _ = timeline.phase("processor")) {
      vm.grow(2, 500);
    }
    try (var _ = timeline.phase("nothing")) {
      vm.grow(1, 300);
    }
    System.out.println("grown: " + timeline.phases());

    var info = info(vm);
    assertThat(info.getOnlineCpus()).isEqualTo(2);
    assertThat(info.getMemoryTotalBytes() - before).isBetween(240L << 20, 256L << 20);
    assertThatThrownBy(() -> vm.grow(9, 300)).isInstanceOf(VmException.Exhausted.class).hasMessageContaining("8");
    assertThatThrownBy(() -> vm.grow(1, 70_000)).isInstanceOf(VmException.Exhausted.class);
    // The vsock backend, which maps the guest's memory, goes on working with the new piece of it.
    configure(vm);
  }

  /** As with the kernel's vsock, which not every host has; hence without any vsock here. */
  @Test
  void sharesTheTemplatesMemoryAndCannotChangeIt() throws Exception {
    var timeline = new Timeline();
    VmSpec spec = spec("private", "tap1");
    try (var host = new VmHost(settings);
        var templates = new Templates(host)) {
      Template template = templates.make(spec("template", "tap0"), this::warmUp, timeline);
      try (var files = templates.open(template, spec);
          var rollback = new Rollback("run on the template's memory")) {
        byte[] before = digest(files.ram());
        long start = System.nanoTime();
        var launch = new VmLaunch(host, spec, host.probe().requireUsable(), rollback, timeline);
        VmLaunch.Started started = launch.startIncoming(files.ram(), false, files.state());
        QmpClient qmp = launch.connect(started.qemu());
        var migration = new Migration(qmp);
        migration.prepareLoad();
        migration.load(started.state().orElseThrow());
        qmp.execute("cont", QmpMessage.arguments(), Duration.ofSeconds(5));
        System.out.println("runs on the template's memory after " + (System.nanoTime() - start) / 1_000_000 + " ms");

        // The guest runs, and QEMU tries to punch holes for what the guest gives back.
        new Balloon(qmp).squeeze((long) MEMORY_MIB << 20);

        assertThat(digest(files.ram())).isEqualTo(before);
      }
    }
  }

  @Test
  void makesAVmLikeAnyOther() throws Exception {
    Template template =
        vmm.makeTemplate(
            spec("template", "tap0"),
            vm -> {
              warmUp(vm);
              vm.detachDisk(vm.attachDisk(disk("rehearsal")));
            },
            new Timeline());
    Vm vm = restore("usual", "tap1", template);
    var disk = vm.attachDisk(disk("layer"));
    vmm.close();

    vmm = new QemuVmm(settings);
    assertThat(vmm.template(1, MEMORY_MIB)).isEmpty();
    Vm adopted = vmm.adopt(vm.record());
    vms.set(0, adopted);
    long start = System.nanoTime();
    adopted.awaitAgent(Duration.ofSeconds(10));
    System.out.println("adopted, and answered after " + (System.nanoTime() - start) / 1_000_000 + " ms");
    adopted.detachDisk(disk);
    adopted.grow(2, MEMORY_MIB + 128);
    adopted.destroy(Duration.ofSeconds(20));
    assertThat(adopted.exited().get(1, TimeUnit.SECONDS).reason()).isEqualTo("the guest powered off");
  }

  private DiskSpec disk(String name) throws IOException {
    Path file = temp.resolve("disks").resolve(name);
    try (var raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(1 << 20);
    }
    return new DiskSpec(file, true, name);
  }

  @Test
  void leavesNothingWhenARestoreIsCancelled() throws Exception {
    Template template = makeTemplate();
    VmSpec spec = spec("cancelled", "tap1");
    for (int millis : new int[] {0, 15, 40, 80, 120, 160, 200, 240}) {
      var restore = new FutureTask<Vm>(() -> vmm.restore(spec, template, new Timeline()));
      Thread thread = Thread.ofVirtual().start(restore);
      thread.join(Duration.ofMillis(millis));
      thread.interrupt();
      thread.join();
      try {
        restore.get().destroy(Duration.ZERO);
      } catch (ExecutionException e) {
        assertThat(e).hasCauseInstanceOf(InterruptedException.class);
      }
      assertThat(idsInUse()).isEmpty();
      assertThat(ProcessHandle.allProcesses().flatMap(process -> process.info().commandLine().stream()))
          .noneMatch(line -> line.contains("izolo-cancelled"));
    }
    vms.add(vmm.restore(spec, template, new Timeline()));
  }

  @Test
  void refusesWhatIsNotTheTemplatesMachine() throws Exception {
    Template template = makeTemplate();
    VmSpec plain = spec("other", "tap1");
    var bigger =
        new VmSpec("other", plain.directory(), 1, 2 * MEMORY_MIB, plain.network(), List.of(), List.of());
    var linkless = new VmSpec("other", plain.directory(), 1, MEMORY_MIB, Optional.empty(), List.of(), List.of());
    var renamed = new Template("another key", 1, MEMORY_MIB, 1, Instant.now());

    for (VmSpec spec : List.of(bigger, linkless)) {
      assertThatThrownBy(() -> vmm.restore(spec, template, new Timeline())).isInstanceOf(VmException.Unsupported.class);
    }
    assertThatThrownBy(() -> vmm.restore(plain, renamed, new Timeline())).isInstanceOf(VmException.Unsupported.class);
    assertThat(vmm.template(2, MEMORY_MIB)).isEmpty();
    assertThat(idsInUse()).isEmpty();
  }

  @Test
  void leavesNothingWhenTheWarmUpFails() throws Exception {
    VmSpec spec = spec("failing", "tap0");

    assertThatThrownBy(
            () ->
                vmm.makeTemplate(
                    spec,
                    _ -> {
                      throw new IOException("no warmth");
                    },
                    new Timeline()))
        .isInstanceOf(VmException.OperationFailed.class)
        .hasMessageContaining("no warmth");

    assertThat(idsInUse()).isEmpty();
    assertThat(vmm.template(1, MEMORY_MIB)).isEmpty();
  }

  private List<Path> idsInUse() throws IOException {
    try (Stream<Path> ids = Files.list(temp.resolve("run/uids"))) {
      return ids.toList();
    }
  }

  private static byte[] digest(MemoryFile file) throws Exception {
    var digest = MessageDigest.getInstance("SHA-256");
    try (var channel = FileChannel.open(file.fd().procPath())) {
      digest.update(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
    }
    return digest.digest();
  }

  private Template makeTemplate() throws Exception {
    var timeline = new Timeline();
    Template template = vmm.makeTemplate(spec("template", "tap0"), this::warmUp, timeline);
    System.out.println("template: " + template + " " + timeline.phases());
    return template;
  }

  private Vm restore(String id, String tap, Template template) throws Exception {
    VmSpec spec = spec(id, tap);
    var timeline = new Timeline();
    Vm vm = vmm.restore(spec, template, timeline);
    vms.add(vm);
    long restored = timeline.elapsed().toMillis();
    vm.awaitAgent(Duration.ofSeconds(20));
    long answered = timeline.elapsed().toMillis();
    vm.awaitAgent(Duration.ofSeconds(20));
    System.out.printf(
        "%s: restored in %d ms, answered after %d, again after %d, PSS %d MiB, %s%n",
        id, restored, answered, timeline.elapsed().toMillis(), vm.hostUsage().pssBytes() >> 20, timeline.phases());
    return vm;
  }

  private void warmUp(Vm vm) {
    for (int i = 0; i < 100; i++) {
      agent(vm).getInfo(GetInfoRequest.getDefaultInstance());
    }
    configure(vm);
  }

  private static void configure(Vm vm) {
    var entropy = new byte[64];
    new SecureRandom().nextBytes(entropy);
    agent(vm)
        .prepareSandbox(
            PrepareSandboxRequest.newBuilder()
                .setSandboxId(vm.id())
                .setMachineId("0123456789abcdef0123456789abcdef")
                .setClockUnixNanos(now().toNanos())
                .setEntropy(ByteString.copyFrom(entropy))
                .build());
    agent(vm)
        .configureSandbox(ConfigureSandboxRequest.newBuilder().setSandboxId(vm.id()).setHostname(vm.id()).build());
  }

  private static GetInfoResponse info(Vm vm) {
    return agent(vm).getInfo(GetInfoRequest.newBuilder().setBootId(true).build());
  }

  private static AgentGrpc.AgentBlockingStub agent(Vm vm) {
    return AgentGrpc.newBlockingStub(vm.agent()).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private static Duration now() {
    Instant now = Instant.now();
    return Duration.ofSeconds(now.getEpochSecond(), now.getNano());
  }

  private VmSpec spec(String id, String tap) throws Exception {
    Path namespace = Path.of("/run/netns", NAMESPACE);
    run("nsenter", "--net=" + namespace, "ip", "tuntap", "add", "dev", tap, "mode", "tap");
    run("nsenter", "--net=" + namespace, "ip", "link", "set", tap, "up");
    return new VmSpec(
        id,
        Files.createDirectory(temp.resolve(id)),
        1,
        MEMORY_MIB,
        Optional.of(new VmSpec.Network(namespace, tap, "02:00:00:00:00:42")),
        List.of(),
        List.of());
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }
}
