package dev.izolo.agent;

/** The VM's memory as /proc/meminfo tells it (proc_meminfo(5)), in bytes; fields the kernel does not list are zero. */
public record MemoryInfo(long totalBytes, long availableBytes) {

  /** Reads the file's text; lines of another form are passed over. */
  public static MemoryInfo parse(String text) {
    return new MemoryInfo(field(text, "MemTotal:"), field(text, "MemAvailable:"));
  }

  private static long field(String text, String name) {
    int at = text.startsWith(name) ? 0 : text.indexOf("\n" + name);
    if (at < 0) {
      return 0;
    }
    int from = text.indexOf(':', at) + 1;
    int end = text.indexOf('\n', from);
    String value = (end < 0 ? text.substring(from) : text.substring(from, end)).strip();
    if (!value.endsWith(" kB")) {
      return 0;
    }
    try {
      return Math.multiplyExact(Long.parseLong(value.substring(0, value.length() - 3).strip()), 1024L);
    } catch (NumberFormatException | ArithmeticException e) {
      return 0;
    }
  }
}
