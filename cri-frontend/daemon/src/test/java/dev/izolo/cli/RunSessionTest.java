package dev.izolo.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.izolo.cri.CriServer;
import dev.izolo.cri.CriServices;
import dev.izolo.cri.RuntimeHandlers;
import dev.izolo.cri.v1.CgroupDriver;
import dev.izolo.cri.v1.PodSandboxFilter;
import dev.izolo.cri.v1.PodSandboxState;
import dev.izolo.pods.FakeImages;
import dev.izolo.pods.PodNode;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole way from {@code izolo run} over the real socket through the real services to a scripted guest. */
@Timeout(60)
class RunSessionTest {
  @TempDir
  Path dir;

  private PodNode node;
  private CriServer server;
  private CriClient client;
  private final ClientTimeline times = new ClientTimeline();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeEach
  void serve() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "the socket is root's alone");
    node = new PodNode(dir.resolve("node"));
    Path socket = dir.resolve("izolo.sock");
    server = CriServer.start(socket, new CriServices("test", node.sandboxes(), node.containers(), node.events(),
        node.images(), node.networks(), node.vmm(),
        new RuntimeHandlers(new TreeSet<>(List.of(PodNode.HANDLER)), PodNode.HANDLER), CgroupDriver.CGROUPFS, Map.of(),
        node.sandboxes()::warmStatus));
    client = new CriClient(socket);
  }

  @AfterEach
  void end() throws Exception {
    client.close();
    server.stop(Duration.ofSeconds(5));
    node.close();
  }

  private RunOptions options(boolean remove) {
    return new RunOptions(FakeImages.NAME, List.of("a", "b"), List.of(new RunOptions.Variable("K", "V")), 150_000,
        256 << 20, "", remove);
  }

  private RunSession session(boolean remove) {
    return new RunSession(client, options(remove), dir.resolve("logs"), times);
  }

  @Test
  void aDaemonOfAnotherBuildIsNoticed() {
    assertThat(OtherVersion.warning(client, "test")).isEmpty();
    assertThat(OtherVersion.warning(client, "0.1.0+1234")).hasValueSatisfying(
        text -> assertThat(text).contains("version test").contains("0.1.0+1234").contains("end that daemon"));
  }

  @Test
  void printsBothStreamsByteForByteAndEndsWithTheExitCode() throws Exception {
    byte[] noise = new byte[300_000];
    new Random(3).nextBytes(noise);
    node.script(process -> {
      process.write(dev.izolo.agent.v1.OutputStream.OUTPUT_STREAM_STDOUT, noise);
      process.err("to stderr, without an end");
      process.exit(7);
    });
    try (var session = session(true)) {
      assertThat(session.run(out, err)).isEqualTo(7);
    }
    assertThat(out.toByteArray()).isEqualTo(noise);
    assertThat(err).hasToString("to stderr, without an end");
    node.assertNothingLeft();
    assertThat(logsLeft()).isEmpty();
  }

  @Test
  void tellsWhereTheTimeWent() throws Exception {
    node.script(process -> process.out("x\n").exit(0));
    try (var session = session(true)) {
      session.run(out, err);
    }
    var table = new ByteArrayOutputStream();
    times.print(new PrintStream(table));
    assertThat(table.toString()).contains("image", "sandbox", "create", "start", "first byte", "clean up", "total");
    assertThat(table.toString().lines().filter(line -> line.startsWith("  sandbox: "))).isNotEmpty();
  }

  @Test
  void withoutRmThePodAndItsLogAreKeptButTheVmEnds() throws Exception {
    node.script(process -> process.out("kept\n").exit(0));
    try (var session = session(false)) {
      assertThat(session.run(out, err)).isZero();
    }
    assertThat(node.sandboxes().list(PodSandboxFilter.getDefaultInstance())).singleElement()
        .satisfies(pod -> assertThat(pod.getState()).isEqualTo(PodSandboxState.SANDBOX_NOTREADY));
    assertThat(node.vmm().running()).isEmpty();
    assertThat(logsLeft()).hasSize(1);
  }

  @Test
  void anImageThatCannotBePulledIsOneSentenceAndLeavesNothing() throws Exception {
    var options = new RunOptions("", List.of(), List.of(), 0, 0, "", true);
    try (var session = new RunSession(client, options, dir.resolve("logs"), times)) {
      assertThatThrownBy(() -> session.run(out, err)).isInstanceOf(StatusRuntimeException.class);
    }
    node.assertNothingLeft();
  }

  @Test
  void aCommandThatIsNotThereEndsAsDockersDoes() throws Exception {
    node.script(process -> process.exit(0));
    // The agent exists only once the VM does: so it is told to fail as soon as the pod is there.
    var events = CompletableFuture.runAsync(() -> failNextStart("exec: \"nope\": executable file not found in $PATH"),
        task -> Thread.ofVirtual().start(task));
    try (var session = session(true)) {
      assertThatThrownBy(() -> session.run(out, err)).isInstanceOfSatisfying(CliException.class, e -> {
        assertThat(e.exitCode()).isEqualTo(ExitCodes.NO_SUCH_COMMAND);
        assertThat(e).hasMessageContaining("executable file not found in $PATH");
      });
    }
    events.get(10, TimeUnit.SECONDS);
    node.assertNothingLeft();
  }

  private void failNextStart(String message) {
    while (node.sandboxes().list(PodSandboxFilter.getDefaultInstance()).isEmpty()) {
      Thread.onSpinWait();
    }
    String pod = node.sandboxes().list(PodSandboxFilter.getDefaultInstance()).getFirst().getId();
    node.agent(pod).failNext("StartContainer", Status.FAILED_PRECONDITION.withDescription(message));
  }

  @Test
  void interruptingUndoesEverything() throws Exception {
    var running = new CountDownLatch(1);
    node.script(process -> {
      process.out("started\n");
      running.countDown();
    });
    try (var session = session(true)) {
      var result = CompletableFuture.supplyAsync(() -> {
        try {
          return session.run(out, err);
        } catch (Exception e) {
          return -1;
        }
      }, task -> Thread.ofVirtual().start(task));
      running.await();
      session.cancel();
      result.get(20, TimeUnit.SECONDS);
    }
    node.assertNothingLeft();
    assertThat(logsLeft()).isEmpty();
  }

  private List<Path> logsLeft() throws Exception {
    if (Files.notExists(dir.resolve("logs"))) {
      return List.of();
    }
    try (Stream<Path> logs = Files.list(dir.resolve("logs"))) {
      return logs.toList();
    }
  }

  @Test
  void theConfigurationsSayWhatWasAskedFor() {
    var pod = options(true).pod("n", "u", Path.of("/l"));
    assertThat(pod.getLinux().getResources().getCpuQuota()).isEqualTo(150_000);
    assertThat(pod.getLogDirectory()).isEqualTo("/l");
    var container = options(true).container();
    assertThat(container.getArgsList()).containsExactly("a", "b");
    assertThat(container.getEnvs(0).getValue().toStringUtf8()).isEqualTo("V");
    assertThat(container.getLinux().getResources().getMemoryLimitInBytes()).isEqualTo(256 << 20);
    assertThat(new RunOptions("i", List.of(), List.of(), 0, 0, "", true).container().hasLinux()).isFalse();
  }
}
