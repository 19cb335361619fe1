package dev.izolo.network.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
final class HostCommandTest {
  @TempDir Path directory;

  private static HostCommand shell(String script, Duration limit, int maxOutput) {
    return new HostCommand(List.of("/bin/sh", "-c", script), Map.of("GREETING", "hello"), "", limit, maxOutput);
  }

  private static HostCommand shell(String script) {
    return shell(script, Duration.ofSeconds(20), 1 << 16);
  }

  @Test
  void givesInputAndEnvironmentAndReturnsAllThatIsLeft() throws Exception {
    var outcome = shell("cat; printf \" $GREETING\"; echo complaint >&2; exit 3").run("input".getBytes());
    assertThat(outcome.stdoutText()).isEqualTo("input hello");
    assertThat(outcome.stderrText()).isEqualTo("complaint\n");
    assertThat(outcome.exitCode()).isEqualTo(3);
    assertThat(outcome.succeeded()).isFalse();
  }

  @Test
  void inputThatIsNotReadIsNoError() throws Exception {
    assertThat(shell("exit 0").run(new byte[1 << 20]).succeeded()).isTrue();
  }

  @Test
  void hidesInheritedVariablesOfAPrefix() throws Exception {
    var command =
        new HostCommand(List.of("/bin/sh", "-c", "env"), Map.of("HOME", "mine"), "HO", Duration.ofSeconds(10), 1 << 20);
    assertThat(command.run(new byte[0]).stdoutText()).contains("HOME=mine").doesNotContain("HOSTNAME=");
  }

  @Test
  void killsWhatHangsWithItsChildrenAndQuotesWhatItSaid() throws Exception {
    Path pidFile = directory.resolve("pid");
    var hanging =
        shell("sleep 600 & echo $! > %s; echo still waiting >&2; wait".formatted(pidFile), Duration.ofSeconds(1), 1024);
    assertThatThrownBy(() -> hanging.run(new byte[0]))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("within 1 s")
        .hasMessageContaining("still waiting");
    assertEnds(Files.readString(pidFile));
  }

  @Test
  void killsWhatSaysTooMuch() {
    assertThatThrownBy(() -> shell("yes", Duration.ofSeconds(20), 4096).run(new byte[0]))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("more than 4096 bytes");
  }

  @Test
  void aChildThatKeepsTheOutputOpenDoesNotHoldUpItsParentsResult() throws Exception {
    Path pidFile = directory.resolve("pid");
    var outcome = shell("sleep 600 & echo $! > %s; echo done".formatted(pidFile)).run(new byte[0]);
    assertThat(outcome.stdoutText()).isEqualTo("done\n");
    assertEnds(Files.readString(pidFile));
  }

  @Test
  void anInterruptedCallerLeavesNothingRunning() throws Exception {
    Path fifo = directory.resolve("started");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    CountDownLatch ended = new CountDownLatch(1);
    Thread caller =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    shell("echo $$ > %s; sleep 600".formatted(fifo)).run(new byte[0]);
                  } catch (Exception e) {
                    thrown.set(e);
                  }
                  ended.countDown();
                });
    String pid = Files.readString(fifo, StandardCharsets.UTF_8);
    caller.interrupt();
    assertThat(ended.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
    assertEnds(pid);
  }

  @Test
  void aProgramThatIsMissingIsNamed() throws Exception {
    assertThatThrownBy(() -> HostTools.require("izolo-no-such-tool", "some-package"))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("izolo-no-such-tool")
        .hasMessageContaining("some-package");
  }

  @Test
  void foreignWordsAreQuotedOnOneBoundedPrintableLine() {
    assertThat(Quote.of("a\n\tb\u001b[31mc\u202e")).isEqualTo("a b [31mc");
    assertThat(Quote.of("x".repeat(10_000))).hasSize(603).endsWith("...");
    assertThat(Quote.of(new byte[] {(byte) 0xff, 'o', 'k'})).isEqualTo("ok");
  }

  private static void assertEnds(String pid) throws Exception {
    var process = ProcessHandle.of(Long.parseLong(pid.strip()));
    if (process.isPresent()) {
      process.get().onExit().get(10, TimeUnit.SECONDS);
    }
  }
}
