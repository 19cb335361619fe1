package dev.izolo.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.izolo.cri.v1.StatusRequest;
import dev.izolo.cri.v1.VersionRequest;
import dev.izolo.e2e.harness.Container;
import dev.izolo.e2e.harness.IzoloUnderTest;
import dev.izolo.e2e.harness.Pod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The first thing a person sees: the image that Izolo ships with, in a pod of its own. */
@Tag("vm")
class HelloTest {
  @RegisterExtension
  static final IzoloUnderTest izolo = IzoloUnderTest.with(Map.of());

  @Test
  void theRuntimeSaysWhatItIsAndThatItIsReady() {
    var version = izolo.cri().runtime().version(VersionRequest.getDefaultInstance());
    assertThat(version.getRuntimeName()).isEqualTo("izolo");
    assertThat(version.getRuntimeApiVersion()).isEqualTo("v1");
    var status = izolo.cri().runtime().status(StatusRequest.newBuilder().setVerbose(true).build());
    assertThat(status.getStatus().getConditionsList())
        .anyMatch(condition -> condition.getType().equals("RuntimeReady") && condition.getStatus())
        .anyMatch(condition -> condition.getType().equals("NetworkReady") && condition.getStatus());
  }

  @Test
  void helloPrintsItsOwnKernelAndItsAddressAndThePodTellsWhereTheTimeWent() throws IOException {
    try (Pod pod = izolo.runPod()) {
      assertThat(izolo.virtualMachines()).hasSize(1);
      Container.Result result = pod.run(Pod.container("hello"));

      assertThat(result.exitCode()).as(result.err()).isZero();
      assertThat(result.reason()).isEqualTo("Completed");
      assertThat(result.out()).contains(kernelRelease(izolo.artefacts().kernel())).contains(pod.ip());
      assertThat(kernelRelease(izolo.artefacts().kernel())).as("the pod's kernel is not the machine's")
          .isNotEqualTo(Files.readString(Path.of("/proc/sys/kernel/osrelease")).trim());

      JsonNode timeline = new ObjectMapper().readTree(pod.status().getInfoMap().get("timeline"));
      List<String> phases = new ArrayList<>();
      timeline.forEach(phase -> phases.add(phase.get("name").asText()));
      assertThat(String.join(", ", phases).toLowerCase()).contains("cni").contains("qemu").contains("kernel").contains("agent");
      timeline.forEach(phase -> assertThat(phase.get("length_ms").asDouble()).isNotNegative());
    }
    assertThat(izolo.virtualMachines()).isEmpty();
  }

  /** As the kernel names itself, taken from the banner that every Linux image carries. */
  private static String kernelRelease(Path vmlinux) throws IOException {
    String text = new String(Files.readAllBytes(vmlinux), StandardCharsets.ISO_8859_1);
    var banner = Pattern.compile("Linux version (\\d+\\.[^ ]+) ").matcher(text);
    assertThat(banner.find()).as("a Linux banner in " + vmlinux).isTrue();
    return banner.group(1);
  }
}
