package dev.izolo.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The host's memory, as {@code /proc/meminfo} tells it (proc_meminfo(5)). */
record HostMemory(long totalBytes, long availableBytes) {
  private static final Path MEMINFO = Path.of("/proc/meminfo");
  private static final int KEPT_SHARE = 4;

  static HostMemory read() throws IOException {
    return parse(Files.readString(MEMINFO));
  }

  static HostMemory parse(String meminfo) throws IOException {
    return new HostMemory(field(meminfo, "MemTotal:"), field(meminfo, "MemAvailable:"));
  }

  private static long field(String meminfo, String name) throws IOException {
    for (String line : (Iterable<String>) meminfo.lines()::iterator) {
      String[] words = line.trim().split("\\s+");
      if (words.length == 3 && words[0].equals(name) && words[1].matches("\\d{1,15}") && words[2].equals("kB")) {
        return Long.parseLong(words[1]) << 10;
      }
    }
    throw new IOException(MEMINFO + " has no line " + name);
  }

  /** Whether this much can be taken ahead of need: a quarter of the host's memory stays available. */
  boolean canSpare(long bytes) {
    return availableBytes - bytes >= totalBytes / KEPT_SHARE;
  }
}
