package dev.izolo.image;

/** Makes text from outside fit for a message or a log line: bounded, on one line, no control characters. */
public final class Printable {
  private static final int MAX_CHARS = 160;

  private Printable() {}

  public static String of(String hostile) {
    StringBuilder shown = new StringBuilder(Math.min(hostile.length(), MAX_CHARS) + 2).append('"');
    for (int i = 0; i < hostile.length() && i < MAX_CHARS; i++) {
      char c = hostile.charAt(i);
      shown.append(Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c);
    }
    return shown.append(hostile.length() > MAX_CHARS ? "..." : "").append('"').toString();
  }
}
