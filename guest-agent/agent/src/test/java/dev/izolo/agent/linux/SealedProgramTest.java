package dev.izolo.agent.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.process.Reaper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SealedProgramTest {
  @TempDir Path directory;

  @Test
  void runsUnderTheNameItIsGivenAndOutlivesTheFile() throws Exception {
    Path shell = Files.copy(Path.of("/bin/sh").toRealPath(), directory.resolve("sh"));
    Path said = directory.resolve("said");
    try (SealedProgram copy = SealedProgram.of(shell)) {
      Files.delete(shell);

      int code = run(copy, List.of("a-name", "-c", "readlink /proc/$$/exe > " + said + "; exit 7"));

      assertThat(code).isEqualTo(7);
      assertThat(Files.readString(said)).contains("memfd:sh");
    }
  }

  private static int run(SealedProgram program, List<String> command) throws Exception {
    try (Fd none = Fd.openReadWrite("/dev/null")) {
      return new Reaper().spawn(program.path(), command, List.of("PATH=/usr/bin:/bin"), none, none, none)
          .exit().get(20, TimeUnit.SECONDS).code();
    }
  }

  @Test
  void cannotBeChangedByAnyone() throws Exception {
    try (SealedProgram copy = SealedProgram.of(Path.of("/bin/sh"))) {
      assertThatThrownBy(() -> {
        try (RandomAccessFile file = new RandomAccessFile(copy.path(), "rw")) {
          file.write(0);
        }
      }).isInstanceOf(IOException.class);
      assertThat(Files.mismatch(Path.of("/bin/sh"), Path.of(copy.path()))).isEqualTo(-1);
    }
  }

  @Test
  void aProgramThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> SealedProgram.of(directory.resolve("none")))
        .isInstanceOf(IOException.class).hasMessageContaining("none");
  }
}
