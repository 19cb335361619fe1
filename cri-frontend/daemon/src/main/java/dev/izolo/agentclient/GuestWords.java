package dev.izolo.agentclient;

/** Text from a guest, made fit for logs and error messages. */
final class GuestWords {
  private static final int MAX = 4096;

  private GuestWords() {}

  static String of(String text) {
    if (text == null || text.isBlank()) {
      return "no reason given";
    }
    var out = new StringBuilder(Math.min(text.length(), MAX));
    for (int i = 0; i < text.length() && i < MAX; i++) {
      char c = text.charAt(i);
      out.append(c == '\n' ? ' ' : Character.isISOControl(c) ? '?' : c);
    }
    return text.length() > MAX ? out.append("...").toString() : out.toString().strip();
  }
}
