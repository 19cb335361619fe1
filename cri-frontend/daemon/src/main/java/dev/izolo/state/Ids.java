package dev.izolo.state;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Ids of sandboxes and containers: 64 lower-case hexadecimal digits, from the system's random source. */
public final class Ids {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int LENGTH = 64;

  private Ids() {}

  public static String random() {
    byte[] bytes = new byte[LENGTH / 2];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /** Whether it is a whole id; only such a string ever becomes part of a path. */
  public static boolean isValid(String id) {
    return id.length() == LENGTH && isPrefix(id);
  }

  /** Whether an id could begin so. */
  public static boolean isPrefix(String text) {
    if (text.isEmpty() || text.length() > LENGTH) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return false;
      }
    }
    return true;
  }
}
