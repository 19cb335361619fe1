package dev.izolo.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.lifecycle.Timeline;
import dev.izolo.vm.Template;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
  private QemuVmm vmm;
  private final List<Vm> vms = new ArrayList<>();

  @BeforeEach
  void prepare() throws Exception {
    for (String property : List.of("izolo.kernel", "izolo.vsockBackend", "izolo.rootfs")) {
      Assumptions.assumeTrue(System.getProperty(property) != null, property + " is not set");
    }
    var settings =
        QemuSettings.defaults(
                Path.of(System.getProperty("izolo.kernel")),
                Path.of(System.getProperty("izolo.rootfs")),
                temp.resolve("run"),
                List.of())
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
      try (Stream<Path> ids = Files.list(temp.resolve("run/uids"))) {
        assertThat(ids).isEmpty();
      }
    }
  }

  @Test
  void restoresSiblingsOfOneTemplate() throws Exception {
    var making = new Timeline();
    Template template = vmm.makeTemplate(spec("template", "tap0"), this::warmUp, making);
    System.out.println("template: " + template + " " + making.phases());

    assertThat(vmm.template(1, MEMORY_MIB)).contains(template);
    for (int i = 1; i <= 4; i++) {
      var timeline = new Timeline();
      Vm vm = vmm.restore(spec("copy-" + i, "tap" + i), template, timeline);
      vms.add(vm);
      long restored = timeline.elapsed().toMillis();
      vm.awaitAgent(Duration.ofSeconds(20));
      System.out.println("restored in " + restored + " ms, answered after " + timeline.elapsed().toMillis() + " ms "
          + timeline.phases());
      long start = System.nanoTime();
      vm.awaitAgent(Duration.ofSeconds(20));
      System.out.println("second answer took " + (System.nanoTime() - start) / 1_000_000 + " ms; PSS "
          + (vm.hostUsage().pssBytes() >> 20) + " MiB");
      assertThat(Files.readString(Path.of("/proc/" + vm.record().qemu().pid() + "/maps"))).contains("izolo-ram");
    }
  }

  private void warmUp(Vm vm) {
    for (int i = 0; i < 100; i++) {
      AgentProbe.ping(vm.agent(), Duration.ofSeconds(20));
    }
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
