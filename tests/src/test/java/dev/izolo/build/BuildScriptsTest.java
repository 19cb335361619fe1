package dev.izolo.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs each build part's own test script; a script says what it proves on stdout and fails with the reason.
 */
@Tag("build")
class BuildScriptsTest {
  private static final List<String> SCRIPTS = List.of("kernel-config/test", "rootfs-builder/test", "rootfs-builder/setup/test");

  @TempDir
  Path temporary;

  @TestFactory
  Stream<DynamicTest> everyBuildPartPassesItsOwnTest() {
    Path root = repository();
    return SCRIPTS.stream().map(script -> DynamicTest.dynamicTest(script, () -> passes(root.resolve(script))));
  }

  private void passes(Path script) throws IOException, InterruptedException {
    assertThat(script).isExecutable();
    Path log = Files.createTempFile(temporary, "script", ".log");
    Process process = new ProcessBuilder(script.toString()).redirectErrorStream(true).redirectOutput(log.toFile())
        .redirectInput(Path.of("/dev/null").toFile()).start();
    if (!process.waitFor(20, TimeUnit.MINUTES)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      throw new AssertionError(script + " does not end:\n" + Files.readString(log));
    }
    System.out.println(Files.readString(log));
    assertThat(process.exitValue()).as(script + ":\n" + Files.readString(log)).isZero();
  }

  /** The directory that holds the launcher, above the one that the tests run in. */
  private static Path repository() {
    Path at = Path.of("").toAbsolutePath();
    while (at != null && !Files.exists(at.resolve("tests/suites.tsv"))) {
      at = at.getParent();
    }
    assertThat(at).as("the repository's root above " + Path.of("").toAbsolutePath()).isNotNull();
    return at;
  }
}
