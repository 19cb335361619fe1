package dev.izolo.e2e;

import static dev.izolo.e2e.harness.IzoloUnderTest.reference;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.izolo.e2e.harness.Fixtures;
import dev.izolo.e2e.harness.IzoloUnderTest;
import dev.izolo.e2e.harness.Patience;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The field's own client, in the order in which a person would use it. */
@Tag("crictl")
class CrictlTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @RegisterExtension
  static final IzoloUnderTest izolo = IzoloUnderTest.with(Map.of("box", Fixtures.busybox()));

  private static Path crictl;
  private static Path config;

  @BeforeAll
  static void findCrictl() throws IOException {
    String property = System.getProperty("izolo.crictl", "");
    Assumptions.assumeTrue(!property.isEmpty(), "property izolo.crictl is not set: run ./izolo test crictl");
    crictl = Path.of(property);
    assertThat(crictl).isExecutable();
    String socket = "unix://" + izolo.daemon().socket();
    config = Files.writeString(izolo.node().root().resolve("crictl.yaml"), """
        runtime-endpoint: %s
        image-endpoint: %s
        timeout: %d
        """.formatted(socket, socket, Patience.boot().toSeconds()));
  }

  @Test
  void versionAndInfo() throws IOException {
    assertThat(crictl("version")).contains("RuntimeName:  izolo").contains("RuntimeApiVersion:  v1");
    JsonNode info = JSON.readTree(crictl("info"));
    assertThat(info.at("/status/conditions")).anyMatch(condition -> condition.get("type").asText().equals("RuntimeReady"));
  }

  @Test
  void pullsShowsAndRemovesImages() throws IOException {
    String image = izolo.registry().push("crictl/box", "v1",
        Fixtures.base().layer(new dev.izolo.e2e.harness.LayerTar().file("crictl", 0644, "x")).build());
    assertThat(crictl("pull", image)).contains("Image is up to date");
    assertThat(crictl("images")).contains("crictl/box").contains("v1");
    JsonNode inspected = JSON.readTree(crictl("inspecti", image));
    assertThat(inspected.at("/status/repoTags/0").asText()).isEqualTo(image);
    assertThat(crictl("rmi", image)).contains("Deleted");
    assertThat(crictl("images")).doesNotContain("crictl/box");
    assertThat(fails("pull", "127.0.0.1:5000/crictl/nothing:v1")).contains("crictl/nothing");
  }

  @Test
  void aWholePodFromRunpToRmp() throws IOException {
    Path logs = izolo.logs().resolve("crictl");
    Path podFile = json("pod", Map.of(
        "metadata", Map.of("name", "by-crictl", "namespace", "default", "uid", "u-1", "attempt", 1),
        "hostname", "by-crictl", "log_directory", logs.toString(), "linux", Map.of()));
    Path containerFile = json("container", Map.of(
        "metadata", Map.of("name", "main"), "image", Map.of("image", reference("box")),
        "command", List.of("/bin/sh", "-c", "echo hello from crictl; echo to stderr >&2; while :; do sleep 1000; done"),
        "log_path", "main.log", "linux", Map.of()));

    String pod = crictl("runp", podFile.toString()).trim();
    assertThat(pod).matches("[0-9a-f]{64}");
    assertThat(crictl("pods")).contains(pod.substring(0, 13)).contains("Ready").contains("by-crictl");
    JsonNode inspectedPod = JSON.readTree(crictl("inspectp", pod));
    assertThat(inspectedPod.at("/status/state").asText()).isEqualTo("SANDBOX_READY");
    assertThat(inspectedPod.at("/status/network/ip").asText()).startsWith("10.231.");

    String container = crictl("create", pod, containerFile.toString(), podFile.toString()).trim();
    assertThat(container).matches("[0-9a-f]{64}");
    assertThat(crictl("ps", "-a")).contains(container.substring(0, 13)).contains("Created");
    crictl("start", container);
    assertThat(crictl("ps")).contains(container.substring(0, 13)).contains("Running");
    JsonNode inspected = JSON.readTree(crictl("inspect", container));
    assertThat(inspected.at("/status/state").asText()).isEqualTo("CONTAINER_RUNNING");
    assertThat(inspected.at("/status/logPath").asText()).isEqualTo(logs.resolve("main.log").toString());

    assertThat(crictl("exec", "-s", container, "hostname").trim()).isEqualTo("by-crictl");
    assertThat(fails("exec", "-s", container, "/bin/sh", "-c", "echo gone wrong >&2; exit 4")).contains("gone wrong");
    Patience.await("the log to hold both lines", Patience.seconds(20), () -> run("logs", container),
        log -> log.text().contains("hello from crictl") && log.errors().contains("to stderr"));
    assertThat(crictl("stats")).contains(container.substring(0, 13));

    crictl("stop", "--timeout", "1", container);
    assertThat(crictl("ps", "-a")).contains("Exited");
    crictl("rm", container);
    assertThat(crictl("ps", "-a")).doesNotContain(container.substring(0, 13));
    crictl("stopp", pod);
    assertThat(crictl("pods")).contains("NotReady");
    crictl("rmp", pod);
    assertThat(crictl("pods")).doesNotContain(pod.substring(0, 13));
  }

  private static Path json(String name, Map<String, ?> content) throws IOException {
    return Files.writeString(izolo.node().root().resolve(name + ".json"), JSON.writeValueAsString(content));
  }

  private static String crictl(String... arguments) throws IOException {
    Ran ran = run(arguments);
    assertThat(ran.exit()).as(String.join(" ", arguments) + ": " + ran.errors()).isZero();
    return ran.text();
  }

  private static String fails(String... arguments) throws IOException {
    Ran ran = run(arguments);
    assertThat(ran.exit()).as(String.join(" ", arguments) + ": " + ran.text()).isNotZero();
    return ran.text() + ran.errors();
  }

  private record Ran(int exit, String text, String errors) {}

  private static Ran run(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(crictl.toString(), "--config", config.toString()));
    command.addAll(List.of(arguments));
    Path out = Files.createTempFile(izolo.node().root(), "crictl", ".out");
    Path err = Files.createTempFile(izolo.node().root(), "crictl", ".err");
    Process process = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile())
        .redirectInput(Path.of("/dev/null").toFile()).start();
    try {
      if (!process.waitFor(Patience.boot().toSeconds() + 30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("crictl does not end: " + command);
      }
      String errors = Files.readString(err, StandardCharsets.UTF_8);
      return new Ran(process.exitValue(), Files.readString(out, StandardCharsets.UTF_8), errors);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
