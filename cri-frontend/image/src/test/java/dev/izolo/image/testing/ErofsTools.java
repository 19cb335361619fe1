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
