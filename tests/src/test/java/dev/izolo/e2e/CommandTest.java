package dev.izolo.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.e2e.harness.Artefacts;
import dev.izolo.e2e.harness.Daemon;
import dev.izolo.e2e.harness.Node;
import dev.izolo.e2e.harness.Patience;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The {@code izolo} command on a machine where nothing runs yet: it starts what it needs. */
@Tag("crictl")
class CommandTest {
  private static Node node;

  @BeforeAll
  static void makeNode() throws IOException {
    Artefacts.required();
    node = Node.create();
    Files.writeString(node.root().resolve("izolo.toml"), "[template]\nenabled = false\n[pool]\nsize = 0\n");
    // a private /run and /etc/cni, so that the machine's own settings do not show through
    node.run("sh", "-c", "mkdir -p /etc/cni && mount -t tmpfs cni /etc/cni");
  }

  @AfterAll
  static void endNode() {
    if (node != null) {
      node.close();
    }
  }

  @Test
  void runsHelloFromNothing() {
    Node.Output first = izolo("run", "--rm", "hello");
    assertThat(first.exit()).as(first.text()).isZero();
    assertThat(first.text()).contains("10.");

    Node.Output timed = izolo("run", "--rm", "--timeline", "-e", "GREETING=well met", "--cpus", "2", "--memory", "400M", "hello",
        "/bin/sh", "-c", "echo $GREETING; nproc; exit 5");
    assertThat(timed.exit()).as(timed.text()).isEqualTo(5);
    assertThat(timed.text()).contains("well met\n2\n");
    assertThat(timed.text().toLowerCase()).contains("cni").contains("qemu").contains("kernel").contains("agent")
        .contains("create").contains("start").contains("first byte");

    Node.Output missing = izolo("run", "--rm", "127.0.0.1:5999/no/image:v1");
    assertThat(missing.exit()).isEqualTo(125);
    assertThat(missing.text()).contains("127.0.0.1:5999").doesNotContain("\tat ");

    Node.Output noCommand = izolo("run", "--rm", "hello", "no-such-command");
    assertThat(noCommand.exit()).isBetween(125, 128);
    assertThat(noCommand.text()).contains("no-such-command").contains("executable file not found in $PATH");

    assertThat(node.processes().stream().filter(CommandTest::isQemu).toList()).as("VMs left").isEmpty();
  }

  @Test
  void checkSaysLineByLineWhatThisHostCanDo() {
    Node.Output check = izolo("check");
    assertThat(check.exit()).isIn(0, 1);
    assertThat(check.text().lines().filter(line -> line.matches("^(OK|WARN|FAIL).*"))).hasSizeGreaterThan(5);
  }

  private static boolean isQemu(long pid) {
    return ProcessHandle.of(pid).flatMap(process -> process.info().command()).orElse("").contains("qemu-system");
  }

  private static Node.Output izolo(String... arguments) {
    List<String> command = new ArrayList<>(List.of("env", "IZOLO_STATE_DIR=" + node.root().resolve("s"),
        "IZOLO_RUN_DIR=" + node.root().resolve("r")));
    command.addAll(Daemon.cli());
    // One that makes sandboxes ahead of need would have them left when the test looks.
    command.add(arguments[0]);
    command.addAll(List.of("--config", node.root().resolve("izolo.toml").toString()));
    command.addAll(List.of(arguments).subList(1, arguments.length));
    return node.tryRun(Patience.boot().multipliedBy(2), command.toArray(String[]::new));
  }
}
