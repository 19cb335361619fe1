package dev.izolo.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.izolo.cri.v1.StatusRequest;
import dev.izolo.e2e.harness.Artefacts;
import dev.izolo.e2e.harness.CniConfig;
import dev.izolo.e2e.harness.Cri;
import dev.izolo.e2e.harness.Daemon;
import dev.izolo.e2e.harness.DaemonConfig;
import dev.izolo.e2e.harness.Fixtures;
import dev.izolo.e2e.harness.IzoloUnderTest;
import dev.izolo.e2e.harness.LayerTar;
import dev.izolo.e2e.harness.LeakAudit;
import dev.izolo.e2e.harness.Node;
import dev.izolo.e2e.harness.OciImage;
import dev.izolo.e2e.harness.Patience;
import dev.izolo.e2e.harness.Registry;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A node that is not as it should be: each fault is named, soon, and leaves nothing behind. */
@Tag("vm")
class BadInputTest {
  private Artefacts artefacts;
  private Node node;
  private Path home;
  private Daemon daemon;

  @BeforeEach
  void makeNode() throws IOException {
    artefacts = Artefacts.required();
    node = Node.create();
    home = Files.createDirectories(node.root().resolve("h"));
    CniConfig.write(home.resolve("cni"), node.root().resolve("ipam"));
  }

  @AfterEach
  void endNode() {
    if (daemon != null) {
      daemon.close();
    }
    if (node != null) {
      node.close();
    }
  }

  @Test
  void aMisspeltConfigKeyNamesTheNearestKnownOne() {
    daemon = Daemon.launch(node, home, config().set("hypervisor", "kernal", "/boot/vmlinux"));
    assertThat(daemon.awaitExit(Patience.seconds(15))).isNotZero();
    assertThat(daemon.log()).contains("kernal").contains("kernel").contains("config.toml").doesNotContain("\tat ");
  }

  @Test
  void aConfigThatIsNoTomlNamesFileAndLine() throws IOException {
    daemon = Daemon.launch(node, home, config().set("", "listen = broken \"", "x"));
    assertThat(daemon.awaitExit(Patience.seconds(15))).isNotZero();
    assertThat(daemon.log()).contains("config.toml").doesNotContain("\tat ");
  }

  @Test
  void aSecondDaemonOnTheSameStateOrSocketIsRefused() throws IOException {
    daemon = Daemon.launch(node, home, config());
    daemon.awaitServing();
    try (Daemon second = Daemon.launch(node, node.root().resolve("h2"), config())) {
      assertThat(second.awaitExit(Patience.seconds(15))).isNotZero();
      assertThat(second.log()).contains(home.resolve("s").toString());
    }
    Path elsewhere = Files.createDirectories(node.root().resolve("h3"));
    DaemonConfig sameSocket = DaemonConfig.in(elsewhere, artefacts).set("", "listen", "unix://" + daemon.socket());
    try (Daemon third = Daemon.launch(node, elsewhere, sameSocket)) {
      assertThat(third.awaitExit(Patience.seconds(15))).isNotZero();
      assertThat(third.log()).contains(daemon.socket().toString());
    }
    assertThat(daemon.isRunning()).isTrue();
  }

  @Test
  void withoutCniConfigTheNetworkIsNotReadyAndPodsAreRefused() throws IOException {
    Files.delete(home.resolve("cni/10-test.conflist"));
    daemon = Daemon.launch(node, home, config());
    daemon.awaitServing();
    try (Cri cri = Cri.connect(daemon.socket())) {
      var network = cri.runtime().status(StatusRequest.getDefaultInstance()).getStatus().getConditionsList().stream()
          .filter(condition -> condition.getType().equals("NetworkReady")).findFirst().orElseThrow();
      assertThat(network.getStatus()).isFalse();
      assertThat(network.getMessage()).contains(home.resolve("cni").toString());
      runPodFails(cri, home.resolve("cni").toString());
    }
  }

  @Test
  void aPluginThatIsMissingIsNamed() throws IOException {
    Path conflist = home.resolve("cni/10-test.conflist");
    Files.writeString(conflist, Files.readString(conflist).replace("\"portmap\"", "\"no-such-plugin\""));
    daemon = Daemon.launch(node, home, config());
    daemon.awaitServing();
    try (Cri cri = Cri.connect(daemon.socket())) {
      runPodFails(cri, "no-such-plugin");
    }
  }

  @Test
  void aMissingQemuIsNamed() {
    daemon = Daemon.launch(node, home, config().set("hypervisor", "qemu", "/nowhere/qemu-system-x86_64"));
    if (servesOrSays("/nowhere/qemu-system-x86_64")) {
      try (Cri cri = Cri.connect(daemon.socket())) {
        runPodFails(cri, "/nowhere/qemu-system-x86_64");
      }
    }
  }

  @Test
  void aGuestThatDoesNotComeUpIsSaidWithItsOwnLastWords() throws IOException {
    Path notARoot = Files.write(node.root().resolve("not-a-root"), Fixtures.random(1 << 20, 3));
    node.run("chmod", "0644", notARoot.toString());
    daemon = Daemon.launch(node, home, config().set("hypervisor", "rootfs", notARoot.toString())
        .set("hypervisor", "accelerator", "tcg"));
    daemon.awaitServing();
    try (Cri cri = Cri.connect(daemon.socket())) {
      runPodFails(cri, "Unable to mount root fs");
    }
  }

  @Test
  void aFullDiskFailsThePullAndKeepsTheDaemonServing() throws IOException {
    Path state = Files.createDirectories(home.resolve("s"));
    node.run("mount", "-t", "tmpfs", "-o", "size=320m,mode=0755", "full", state.toString());
    Registry registry = Registry.start(node);
    OciImage big = Fixtures.base().layer(new LayerTar().file("big", 0644, Fixtures.random(80 << 20, 5))).build();
    String reference = registry.push("big", "test", big);
    daemon = Daemon.launch(node, home, config());
    daemon.awaitServing();
    try (Cri cri = Cri.connect(daemon.socket())) {
      Patience.until("the hello image", Patience.seconds(30), () -> cri.imageStatus("hello").hasImage());
      long free = freeBytes(state);
      long began = System.nanoTime();
      StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class, () -> cri.pull(reference));
      assertThat(failure).isNotNull();
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(failure.getMessage()).contains("free").contains(state.toString());
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Patience.seconds(20));
      assertThat(freeBytes(state)).as("free bytes after the failed pull").isGreaterThanOrEqualTo(free - (64 << 10));
      assertThat(cri.imageStatus("hello").hasImage()).isTrue();
    }
  }

  private long freeBytes(Path state) {
    return Long.parseLong(node.run("stat", "-f", "-c", "%a", state.toString()).trim())
        * Long.parseLong(node.run("stat", "-f", "-c", "%S", state.toString()).trim());
  }

  /** True if it serves; otherwise it must have ended saying {@code cause}. */
  private boolean servesOrSays(String cause) {
    try {
      daemon.awaitServing();
      return true;
    } catch (AssertionError e) {
      assertThat(daemon.isRunning()).isFalse();
      assertThat(daemon.log()).contains(cause);
      return false;
    }
  }

  private void runPodFails(Cri cri, String cause) {
    LeakAudit audit = new LeakAudit(node, List.of(home.resolve("s"), home.resolve("r"), node.root().resolve("ipam")),
        Path.of("izolo"), this::ownProcesses, daemon::pid,
        IzoloUnderTest.madeOnce(home, node.root().resolve("ipam")));
    // the shipped image is imported behind the open socket; it is no leak of what comes next
    Patience.until("the hello image", Patience.seconds(60), () -> cri.imageStatus("hello").hasImage());
    LeakAudit.Snapshot before = audit.snapshot();
    long began = System.nanoTime();
    StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class,
        () -> cri.runPod(Cri.podConfig(node.root().resolve("logs")).build()));
    assertThat(failure).as("RunPodSandbox").isNotNull();
    assertThat(failure.getMessage()).contains(cause);
    assertThat(failure.getStatus().getCode()).isNotIn(Status.Code.UNKNOWN, Status.Code.DEADLINE_EXCEEDED);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Patience.seconds(40));
    assertThat(cri.podCount()).isZero();
    audit.assertNothingLeaked(before, Patience.seconds(10));
  }

  private Set<Long> ownProcesses() {
    Set<Long> own = new HashSet<>();
    own.add(daemon.pid());
    return own;
  }

  private DaemonConfig config() {
    return DaemonConfig.in(home, artefacts);
  }
}
