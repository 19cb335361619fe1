package dev.izolo.vm.qemu;

import java.nio.charset.StandardCharsets;

/** The last 64 KiB of a guest's console; hostile bytes. Safe for use by several threads. */
final class ConsoleRing {
  static final int CAPACITY_BYTES = 64 << 10;

  private final byte[] ring = new byte[CAPACITY_BYTES];
  private long written;

  synchronized void append(byte[] bytes) {
    for (byte b : bytes) {
      ring[(int) (written++ % CAPACITY_BYTES)] = b;
    }
  }

  /** As text; control characters but line ends and tabs become '?', carriage returns vanish. */
  synchronized String text() {
    int length = (int) Math.min(written, CAPACITY_BYTES);
    byte[] copy = new byte[length];
    for (int i = 0; i < length; i++) {
      copy[i] = ring[(int) ((written - length + i) % CAPACITY_BYTES)];
    }
    return printable(new String(copy, StandardCharsets.UTF_8));
  }

  /** At most this many of the last lines. */
  String lastLines(int lines) {
    String text = text().stripTrailing();
    int from = text.length();
    for (int i = 0; i < lines && from >= 0; i++) {
      from = text.lastIndexOf('\n', from - 1);
    }
    return text.substring(from + 1);
  }

  static String printable(String text) {
    var out = new StringBuilder(text.length());
    text.codePoints()
        .filter(c -> c != '\r')
        .map(c -> c == '\n' || c == '\t' || !Character.isISOControl(c) && !isFormat(c) ? c : '?')
        .forEach(out::appendCodePoint);
    return out.toString();
  }

  /** Direction overrides and the like can make a log line read as something else. */
  private static boolean isFormat(int codePoint) {
    int type = Character.getType(codePoint);
    return type == Character.FORMAT || type == Character.LINE_SEPARATOR || type == Character.PARAGRAPH_SEPARATOR;
  }
}
