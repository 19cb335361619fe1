package dev.izolo.vm.qemu;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The last 64 KiB of a guest's console; hostile bytes. Takes memory as they come: most guests never say much. Safe for
 * use by several threads.
 */
final class ConsoleRing {
  static final int CAPACITY_BYTES = 64 << 10;
  private static final int FIRST_BYTES = 1 << 10;

  /** Not full before it has its last size, so that what it holds begins at its start until then. */
  private byte[] ring = new byte[FIRST_BYTES];
  private long written;

  synchronized void append(byte[] bytes) {
    long needed = Math.min(CAPACITY_BYTES, written + bytes.length);
    if (needed > ring.length) {
      ring = Arrays.copyOf(ring, Math.max(ring.length, Integer.highestOneBit((int) needed - 1) << 1));
    }
    for (byte b : bytes) {
      ring[(int) (written++ % ring.length)] = b;
    }
  }

  /** As text; control characters but line ends and tabs become '?', carriage returns vanish. */
  synchronized String text() {
    int length = (int) Math.min(written, CAPACITY_BYTES);
    byte[] copy = new byte[length];
    for (int i = 0; i < length; i++) {
      copy[i] = ring[(int) ((written - length + i) % ring.length)];
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
