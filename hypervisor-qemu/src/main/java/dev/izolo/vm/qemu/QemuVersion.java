package dev.izolo.vm.qemu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Of the QEMU on this host. */
record QemuVersion(int major, int minor, int micro) implements Comparable<QemuVersion> {
  private static final Logger log = LoggerFactory.getLogger(QemuVersion.class);
  private static final Pattern LINE = Pattern.compile("QEMU emulator version (\\d{1,4})\\.(\\d{1,4})(?:\\.(\\d{1,4}))?");
  private static final int MAX_OUTPUT_BYTES = 4096;
  private static final int TIMEOUT_SECONDS = 10;

  /** Asks the program; empty if it cannot be run or answers something else. */
  static Optional<QemuVersion> of(Path program) {
    Process process;
    try {
      process = new ProcessBuilder(program.toString(), "--version").redirectErrorStream(true).start();
    } catch (IOException e) {
      log.debug("cannot run {}", program, e);
      return Optional.empty();
    }
    try {
      byte[] output = process.getInputStream().readNBytes(MAX_OUTPUT_BYTES);
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
      return parse(new String(output, StandardCharsets.UTF_8));
    } catch (IOException e) {
      log.debug("cannot read the version of {}", program, e);
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  static Optional<QemuVersion> parse(String output) {
    Matcher matcher = LINE.matcher(output);
    if (!matcher.find()) {
      return Optional.empty();
    }
    String micro = matcher.group(3);
    return Optional.of(
        new QemuVersion(
            Integer.parseInt(matcher.group(1)),
            Integer.parseInt(matcher.group(2)),
            micro == null ? 0 : Integer.parseInt(micro)));
  }

  @Override
  public int compareTo(QemuVersion other) {
    return Comparator.comparingInt(QemuVersion::major)
        .thenComparingInt(QemuVersion::minor)
        .thenComparingInt(QemuVersion::micro)
        .compare(this, other);
  }

  @Override
  public String toString() {
    return major + "." + minor + "." + micro;
  }
}
