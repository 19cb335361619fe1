package dev.izolo.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against programs that stand in for QEMU and say what a guest would. */
@Timeout(60)
class KvmProbeTest {
  private static final Path KERNEL = Path.of("/no/kernel");

  @TempDir Path directory;

  private Path qemu(String script) throws IOException {
    Path program = Files.writeString(directory.resolve("qemu"), "#!/bin/sh\n" + script + "\n");
    return Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void aKernelThatFindsNoDiskHasComeUp() throws Exception {
    Path qemu = qemu("echo 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)'; exec sleep 600");
    assertThat(KvmProbe.bootsGuest(qemu, KERNEL, Duration.ofSeconds(20))).isTrue();
  }

  @Test
  void aKernelThatHangsAfterItsFirstLinesHasNot() throws Exception {
    Path qemu = qemu("echo 'Linux version 6.1'; echo 'Booting paravirtualized kernel on KVM'; exec sleep 600");
    assertThat(KvmProbe.bootsGuest(qemu, KERNEL, Duration.ofMillis(500))).isFalse();
  }

  @Test
  void aQemuThatEndsAtOnceHasNot() throws Exception {
    assertThat(KvmProbe.bootsGuest(qemu("echo 'failed to initialize kvm'; exit 1"), KERNEL, Duration.ofSeconds(20)))
        .isFalse();
  }

  @Test
  void aGuestThatHangsEndsWithTheDaemonThatTriesIt() throws Exception {
    Path pidFile = directory.resolve("pid");
    Path qemu = qemu("echo $$ > " + pidFile + ".new; mv " + pidFile + ".new " + pidFile + "; exec sleep 600");
    Process daemon =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                KvmProbeTest.class.getName(), qemu.toString())
            .inheritIO()
            .start();
    while (!Files.exists(pidFile)) {
      assertThat(daemon.waitFor(20, TimeUnit.MILLISECONDS)).as("the stand-in for a daemon has ended").isFalse();
    }
    long pid = Long.parseLong(Files.readString(pidFile).strip());
    daemon.destroyForcibly().waitFor();

    while (isRunning(pid)) {
      TimeUnit.MILLISECONDS.sleep(10); // somebody else's child: its end is no event here
    }
  }

  /** A killed process whose new parent has not looked yet does not run. */
  private static boolean isRunning(long pid) throws IOException {
    Path status = Path.of("/proc/" + pid + "/status");
    return Files.exists(status) && !Files.readString(status).contains("State:\tZ");
  }

  /** A daemon that tries a QEMU that hangs. */
  public static void main(String[] arguments) throws Exception {
    KvmProbe.bootsGuest(Path.of(arguments[0]), KERNEL, Duration.ofMinutes(5));
  }
}
