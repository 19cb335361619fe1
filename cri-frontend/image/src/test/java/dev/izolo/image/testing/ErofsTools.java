package dev.izolo.image.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.Assumptions;

/** Debian's erofs-utils, as a second opinion on images. */
public final class ErofsTools {
  private ErofsTools() {}

  /** Checks an image and unpacks it, as fsck.erofs understands it, into a new directory. */
  public static void extract(Path image, Path target) throws IOException, InterruptedException {
    assumeInstalled();
    // The tool reads every byte only when it extracts; it refuses a checksum or structure that is wrong.
    run(List.of("fsck.erofs", "--extract=" + target, image.toString()));
  }

  /** What dump.erofs says of one path. */
  public static String show(Path image, String path) throws IOException, InterruptedException {
    assumeInstalled();
    return run(List.of("dump.erofs", "--path=" + path, image.toString()));
  }

  /** An image mounted by this host's kernel, until closed. */
  public record Mounted(Path root) implements AutoCloseable {
    @Override
    public void close() throws IOException, InterruptedException {
      run(List.of("umount", root.toString()));
    }
  }

  /** Mounts an image; a host whose kernel or privileges do not allow it skips the test. */
  public static Mounted mount(Path image, Path parent) throws IOException, InterruptedException {
    String kinds = Files.readString(Path.of("/proc/filesystems"));
    Assumptions.assumeThat(kinds).as("this kernel has erofs").contains("erofs");
    Path root = Files.createTempDirectory(parent, "mounted");
    Process mount = new ProcessBuilder("mount", "-t", "erofs", "-o", "loop,ro", image.toString(), root.toString())
        .redirectErrorStream(true).start();
    String output = new String(mount.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Assumptions.assumeThat(mount.waitFor() == 0 || !output.matches("(?s).*(denied|permitted|loop device).*"))
        .as("loop mounts are possible here: %s", output).isTrue();
    Assertions.assertThat(output).as("mount's complaint").isEmpty();
    return new Mounted(root);
  }

  public static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Assertions.assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
    return output;
  }

  private static void assumeInstalled() {
    Assumptions.assumeThat(Files.isExecutable(Path.of("/usr/bin/fsck.erofs"))).as("erofs-utils is installed").isTrue();
  }
}
