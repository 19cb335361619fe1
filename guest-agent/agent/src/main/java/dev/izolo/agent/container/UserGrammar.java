package dev.izolo.agent.container;

import dev.izolo.agent.AgentException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Who a container's process runs as: the USER of image configs (OCI image-spec, config.md: {@code user}, {@code uid},
 * {@code user:group}, {@code uid:gid}, {@code uid:group}, {@code user:gid}) resolved against the image's own files.
 */
final class UserGrammar {
  static final long MAX_ID = Integer.MAX_VALUE;

  private static final int MAX_NAME_LENGTH = 256;
  private static final int MAX_GROUPS = 65536;

  /**
   * A user as numbers.
   *
   * @param home the directory /etc/passwd gives, empty if none
   */
  record Identity(long uid, long gid, List<Long> additionalGids, String home) {}

  private UserGrammar() {}

  /**
   * @param gidOverride replaces the group if present
   * @param supplemental added to the image's groups of the user, or instead of them when strict
   */
  static Identity resolve(
      String text, UserDatabase database, Optional<Long> gidOverride, List<Long> supplemental, boolean strict) {
    int colon = text.indexOf(':');
    String userPart = colon < 0 ? text : text.substring(0, colon);
    String groupPart = colon < 0 ? "" : text.substring(colon + 1);
    if (colon >= 0 && (userPart.isEmpty() || groupPart.isEmpty() || groupPart.indexOf(':') >= 0)) {
      throw invalid(text, "it is not of the form user, uid, user:group or uid:gid");
    }
    check(text, userPart);
    check(text, groupPart);
    Optional<UserDatabase.User> user = userPart.isEmpty() ? database.user(0) : lookUp(userPart, database);
    long uid = userPart.isEmpty()
        ? 0
        : user.map(UserDatabase.User::uid).orElseGet(() -> id(text, userPart, "the image's /etc/passwd has no user"));
    long gid;
    if (gidOverride.isPresent()) {
      gid = inRange(gidOverride.get(), "group id");
    } else if (!groupPart.isEmpty()) {
      gid = database.group(groupPart).map(UserDatabase.Group::gid)
          .orElseGet(() -> id(text, groupPart, "the image's /etc/group has no group"));
    } else {
      gid = user.map(UserDatabase.User::gid).orElse(0L);
    }
    Set<Long> additional = new LinkedHashSet<>();
    for (long extra : supplemental) {
      additional.add(inRange(extra, "supplemental group id"));
    }
    if (!strict && user.isPresent()) {
      additional.addAll(database.groupsOf(user.get().name()));
    }
    if (additional.size() > MAX_GROUPS) {
      throw new AgentException.Invalid("a process has at most " + MAX_GROUPS + " groups, not " + additional.size());
    }
    return new Identity(uid, gid, List.copyOf(additional), user.map(UserDatabase.User::home).orElse(""));
  }

  /** A name, and a number when no user has it as a name (as runc's and Docker's users know it). */
  private static Optional<UserDatabase.User> lookUp(String part, UserDatabase database) {
    Optional<UserDatabase.User> byName = database.user(part);
    return byName.isPresent() ? byName : number(part).flatMap(database::user);
  }

  private static long id(String text, String part, String otherwise) {
    if (isDigits(part)) {
      return number(part).orElseThrow(() -> invalid(text, part + " is not within 0 to " + MAX_ID));
    }
    throw invalid(text, otherwise + " \"" + part + "\"");
  }

  /** A decimal number from 0 to {@link #MAX_ID}, nothing else. */
  static Optional<Long> number(String text) {
    if (!isDigits(text)) {
      return Optional.empty();
    }
    String significant = text.replaceFirst("^0+(?=.)", "");
    if (significant.length() > 10) {
      return Optional.empty();
    }
    long value = Long.parseLong(significant);
    return value <= MAX_ID ? Optional.of(value) : Optional.empty();
  }

  private static boolean isDigits(String text) {
    return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private static long inRange(long id, String what) {
    if (id < 0 || id > MAX_ID) {
      throw new AgentException.Invalid(what + " " + id + " is not within 0 to " + MAX_ID);
    }
    return id;
  }

  private static void check(String text, String part) {
    if (part.length() > MAX_NAME_LENGTH || part.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
      throw invalid(text, "a name is too long or has control characters");
    }
  }

  private static AgentException.Invalid invalid(String text, String why) {
    String shown = text.length() > MAX_NAME_LENGTH ? text.substring(0, MAX_NAME_LENGTH) + "..." : text;
    StringBuilder printable = new StringBuilder();
    shown.chars().forEach(c -> printable.append(c < ' ' || c == 0x7f ? '?' : (char) c));
    return new AgentException.Invalid("cannot run as user \"" + printable + "\": " + why);
  }
}
