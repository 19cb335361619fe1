package dev.izolo.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessesTest {
  @TempDir Path temp;

  @Test
  void reportsTheExitCodeOfAChildAtOnce() throws Exception {
    assertThat(run("exit 7").exited().get(5, TimeUnit.SECONDS).code()).contains(7);
    assertThat(run("kill -9 $$").exited().get(5, TimeUnit.SECONDS).code()).contains(128 + 9);
  }

  @Test
  void watchesManyProcessesTogether() throws Exception {
    var processes = new ArrayList<LinuxProcess>();
    for (int i = 0; i < 20; i++) {
      processes.add(run("exec sleep 1000"));
    }
    for (LinuxProcess process : processes) {
      assertThat(process.isAlive()).isTrue();
      process.signal(LinuxProcess.SIGTERM);
    }
    for (LinuxProcess process : processes) {
      assertThat(process.exited().get(5, TimeUnit.SECONDS).code()).contains(128 + 15);
    }
  }

  @Test
  void noticesTheEndOfAProcessThatIsNoChildOfItsOwn() throws Exception {
    Process other = new ProcessBuilder("sleep", "1000").start();
    var held = LinuxProcess.hold(other.pid()).orElseThrow();

    held.signal(LinuxProcess.SIGKILL);

    assertThat(held.exited().get(5, TimeUnit.SECONDS)).isNotNull();
    held.signal(LinuxProcess.SIGKILL);
  }

  @Test
  void neverHoldsAnotherProcessThatHasThePidNow() throws Exception {
    long self = ProcessHandle.current().pid();
    long started = ProcessStat.read(self).orElseThrow().startTimeTicks();

    assertThat(LinuxProcess.hold(self, started)).isPresent();
    assertThat(LinuxProcess.hold(self, started + 1)).isEmpty();
    var child = run("exit 0");
    child.exited().get(5, TimeUnit.SECONDS);
    assertThat(LinuxProcess.hold(child.pid(), child.startTimeTicks())).isEmpty();
  }

  @Test
  void givesAChildItsDescriptorsAndNothingElse() throws Exception {
    Path input = Files.writeString(temp.resolve("input"), "from descriptor 4");
    Path output = temp.resolve("output");
    Files.createFile(output);
    try (Fd out = Fd.open(output, Fd.O_RDWR);
        Fd unused = Fd.open(Path.of("/dev/null"), Fd.O_RDONLY);
        Fd in = Fd.open(input, Fd.O_RDONLY)) {
      Spawn.start(List.of("/bin/sh", "-c", "cat <&4; echo; ls /proc/$$/fd; env; cat /proc/$$/stat"), out,
              List.of(unused, in))
          .exited()
          .get(5, TimeUnit.SECONDS);
    }

    List<String> lines = Files.readAllLines(output);

    assertThat(lines.getFirst()).isEqualTo("from descriptor 4");
    assertThat(lines.subList(1, 6)).containsExactly("0", "1", "2", "3", "4");
    assertThat(lines.get(6)).startsWith("PWD=").hasSizeLessThan(4096);
    String[] stat = lines.getLast().split(" ");
    assertThat(stat[5]).as("session id").isEqualTo(stat[0]);
  }

  @Test
  void tellsWhichProgramCannotBeStarted() throws Exception {
    try (Fd out = Fd.open(Path.of("/dev/null"), Fd.O_RDWR)) {
      assertThatThrownBy(() -> Spawn.start(List.of("/no/such/program"), out, List.of()))
          .isInstanceOfSatisfying(ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(ErrnoException.ENOENT))
          .hasMessageContaining("/no/such/program");
    }
  }

  @Test
  void parsesNamesThatTryToLookLikeFields() {
    String line =
        "42 (a) S 1 (b\n) R 1 42 42 0 -1 4194304 100 0 0 0 30 12 0 0 20 0 1 0 987654 1000 10 18446744073709551615 0";

    assertThat(ProcessStat.parse(line)).isEqualTo(new ProcessStat(42, 'R', 42, 987654));
    assertThatThrownBy(() -> ProcessStat.parse("42 (sh")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ProcessStat.parse("42 (sh) S 1")).isInstanceOf(IllegalArgumentException.class);
  }

  private static LinuxProcess run(String script) throws Exception {
    try (Fd out = Fd.open(Path.of("/dev/null"), Fd.O_RDWR)) {
      return Spawn.start(List.of("/bin/sh", "-c", script), out, List.of());
    }
  }
}
