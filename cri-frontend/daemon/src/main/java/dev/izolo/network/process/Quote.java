package dev.izolo.network.process;

import java.nio.charset.StandardCharsets;

/** Makes a foreign program's words fit for an error message: one line, printable, bounded. */
public final class Quote {
  private static final int MAX_CHARS = 600;

  private Quote() {}

  public static String of(byte[] words) {
    int keep = Math.min(words.length, MAX_CHARS * 4);
    return of(new String(words, 0, keep, StandardCharsets.UTF_8));
  }

  public static String of(String words) {
    StringBuilder line = new StringBuilder();
    words.codePoints()
        .limit(MAX_CHARS * 2L)
        .map(c -> c == '\uFFFD' || Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? ' ' : c)
        .forEach(line::appendCodePoint);
    String squeezed = line.toString().strip().replaceAll(" {2,}", " ");
    return squeezed.length() <= MAX_CHARS ? squeezed : squeezed.substring(0, MAX_CHARS) + "...";
  }
}
