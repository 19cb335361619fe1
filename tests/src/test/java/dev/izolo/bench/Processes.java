package dev.izolo.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads what processes of this host use, from /proc. */
final class Processes {
  /** Linux reports process times in these many ticks a second to user space, whatever the kernel's own rate. */
  private static final double TICKS_PER_SECOND = 100;

  private Processes() {}

  /** Processes whose command line has the given word in it. */
  static List<Long> mentioning(String word) throws IOException {
    List<Long> found = new ArrayList<>();
    try (var entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path entry : entries) {
        try {
          String line = new String(Files.readAllBytes(entry.resolve("cmdline")), StandardCharsets.UTF_8);
          if (line.contains(word)) {
            found.add(Long.parseLong(entry.getFileName().toString()));
          }
        } catch (NoSuchFileException e) {
          continue; // it ended while we looked
        }
      }
    }
    return found;
  }

  static double cpuSeconds(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
  }

  static double rssMib(long pid) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
      if (line.startsWith("VmRSS:")) {
        return kib(line) / 1024;
      }
    }
    throw new IOException("no VmRSS of process " + pid);
  }

  /** Proportional set size in MiB, the guest's RAM apart from everything else. */
  record Pss(double guestRam, double other) {}

  /**
   * @param ramMapping a part of the name of the mapping that is the guest's RAM
   */
  static Pss pss(long pid, String ramMapping) throws IOException {
    double ram = 0;
    double other = 0;
    boolean inRam = false;
    for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "smaps"))) {
      if (line.startsWith("Pss:")) {
        if (inRam) {
          ram += kib(line) / 1024;
        } else {
          other += kib(line) / 1024;
        }
      } else if (line.matches("^[0-9a-f]+-[0-9a-f]+ .*")) {
        inRam = line.contains(ramMapping);
      }
    }
    return new Pss(ram, other);
  }

  private static double kib(String line) {
    return Double.parseDouble(line.replaceAll("[^0-9]", ""));
  }
}
