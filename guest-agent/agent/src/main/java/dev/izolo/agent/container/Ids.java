package dev.izolo.agent.container;

import dev.izolo.agent.AgentException;

/** Names that become paths in the guest. */
public final class Ids {
  private static final int MAX_LENGTH = 128;

  private Ids() {}

  /** The id itself, if it can be a file's name: {@code [A-Za-z0-9_.-]{1,128}} and neither "." nor "..". */
  public static String check(String what, String id) {
    boolean valid = !id.isEmpty() && id.length() <= MAX_LENGTH && !id.equals(".") && !id.equals("..");
    for (int i = 0; valid && i < id.length(); i++) {
      char c = id.charAt(i);
      valid = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-';
    }
    if (!valid) {
      throw new AgentException.Invalid("the " + what + " must be 1 to " + MAX_LENGTH + " of A-Z a-z 0-9 _ . -");
    }
    return id;
  }
}
