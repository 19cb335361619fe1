package dev.izolo.image;

import java.util.Locale;
import java.util.Optional;

/**
 * A normalised image reference by the field's grammar (distribution's reference package): {@code
 * domain/path[:tag][@digest]}. A name without a domain is Docker Hub's, a Hub name without a slash is under {@code
 * library/}; a reference with neither tag nor digest means the tag {@code latest}.
 *
 * @param domain registry host, with its port if it was given; in the case it was given in
 * @param path repository in it
 * @param tag empty if the reference has only a digest
 */
public record ImageReference(String domain, String path, Optional<String> tag, Optional<Digest> digest) {
  private static final String DEFAULT_DOMAIN = "docker.io";
  private static final int MAX_NAME_LENGTH = 255;
  private static final int MAX_TAG_LENGTH = 128;
  private static final int MAX_LENGTH = 1024;

  /** @throws ImageException.InvalidReference saying which part is not well formed */
  public static ImageReference parse(String text) throws ImageException.InvalidReference {
    if (text.isEmpty()) {
      throw invalid(text, "it is empty");
    }
    if (text.length() > MAX_LENGTH) {
      throw invalid(text, "it is longer than " + MAX_LENGTH + " characters");
    }
    String rest = text;
    Optional<Digest> digest = Optional.empty();
    int at = rest.indexOf('@');
    if (at >= 0) {
      String digestText = rest.substring(at + 1);
      digest = Digest.tryParse(digestText);
      if (digest.isEmpty()) {
        throw invalid(text, "what follows @ is not a digest (sha256: and 64 lower-case hex digits)");
      }
      rest = rest.substring(0, at);
    }
    Optional<String> tag = Optional.empty();
    int colon = rest.lastIndexOf(':');
    if (colon > rest.lastIndexOf('/')) {
      String tagText = rest.substring(colon + 1);
      if (!isTag(tagText)) {
        throw invalid(text, "the tag must be 1 to 128 letters, digits, '_', '.', '-', the first no '.' or '-'");
      }
      tag = Optional.of(tagText);
      rest = rest.substring(0, colon);
    }
    int slash = rest.indexOf('/');
    String domain = DEFAULT_DOMAIN;
    String path = rest;
    if (slash >= 0 && looksLikeDomain(rest.substring(0, slash))) {
      domain = rest.substring(0, slash);
      path = rest.substring(slash + 1);
    }
    if (domain.equals("index.docker.io")) {
      domain = DEFAULT_DOMAIN;
    }
    if (domain.equals(DEFAULT_DOMAIN) && path.indexOf('/') < 0) {
      if (path.length() == 64 && Digest.isLowerHex(path)) {
        throw invalid(text, "it is an image id, not a name");
      }
      path = "library/" + path;
    }
    if (!isDomain(domain)) {
      throw invalid(text, "the registry must be a host name or address, and a port if need be");
    }
    if (!isPath(path)) {
      throw invalid(text, "the repository must be lower-case letters and digits, joined by '.', '_', '__', '-' or '/'");
    }
    if (domain.length() + 1 + path.length() > MAX_NAME_LENGTH) {
      throw invalid(text, "its name is longer than " + MAX_NAME_LENGTH + " characters");
    }
    if (tag.isEmpty() && digest.isEmpty()) {
      tag = Optional.of("latest");
    }
    return new ImageReference(domain, path, tag, digest);
  }

  /** {@code domain/path}. */
  public String name() {
    return domain + "/" + path;
  }

  /** {@code domain/path:tag}, empty if this has no tag. */
  public Optional<String> tagged() {
    return tag.map(t -> name() + ":" + t);
  }

  /** What the registry is asked for: the digest if there is one, else the tag. */
  public String target() {
    return digest.map(Digest::toString).or(() -> tag).orElse("latest");
  }

  @Override
  public String toString() {
    return name() + tag.map(t -> ":" + t).orElse("") + digest.map(d -> "@" + d).orElse("");
  }

  private static ImageException.InvalidReference invalid(String text, String why) {
    return new ImageException.InvalidReference("invalid image reference " + Printable.of(text) + ": " + why);
  }

  private static boolean looksLikeDomain(String first) {
    return first.equals("localhost")
        || first.indexOf('.') >= 0
        || first.indexOf(':') >= 0
        || !first.equals(first.toLowerCase(Locale.ROOT));
  }

  private static boolean isTag(String tag) {
    if (tag.isEmpty() || tag.length() > MAX_TAG_LENGTH) {
      return false;
    }
    for (int i = 0; i < tag.length(); i++) {
      char c = tag.charAt(i);
      boolean word = isAlphanumeric(c) || c == '_';
      if (!word && (i == 0 || (c != '.' && c != '-'))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isDomain(String domain) {
    String host = domain;
    if (domain.startsWith("[")) {
      int end = domain.indexOf(']');
      if (end < 0) {
        return false;
      }
      for (int i = 1; i < end; i++) {
        char c = domain.charAt(i);
        if (Character.digit(c, 16) < 0 && c != ':' || c > 'f') {
          return false;
        }
      }
      String after = domain.substring(end + 1);
      return end > 1 && (after.isEmpty() || (after.startsWith(":") && isPort(after.substring(1))));
    }
    int colon = domain.indexOf(':');
    if (colon >= 0) {
      if (!isPort(domain.substring(colon + 1))) {
        return false;
      }
      host = domain.substring(0, colon);
    }
    for (String label : host.split("\\.", -1)) {
      if (label.isEmpty() || label.startsWith("-") || label.endsWith("-")) {
        return false;
      }
      for (int i = 0; i < label.length(); i++) {
        if (!isAlphanumeric(label.charAt(i)) && label.charAt(i) != '-') {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean isPort(String port) {
    return !port.isEmpty()
        && port.length() <= 5
        && port.chars().allMatch(c -> c >= '0' && c <= '9')
        && Integer.parseInt(port) <= 65535;
  }

  private static boolean isPath(String path) {
    for (String component : path.split("/", -1)) {
      if (!isPathComponent(component)) {
        return false;
      }
    }
    return true;
  }

  /** Runs of [a-z0-9]+ joined by one of: a dot, one or two underscores, any number of dashes. */
  private static boolean isPathComponent(String component) {
    int i = 0;
    int length = component.length();
    while (true) {
      int start = i;
      while (i < length && isLowerAlphanumeric(component.charAt(i))) {
        i++;
      }
      if (i == start) {
        return false;
      }
      if (i == length) {
        return true;
      }
      char separator = component.charAt(i);
      int run = i;
      while (i < length && component.charAt(i) == separator) {
        i++;
      }
      int count = i - run;
      boolean allowed =
          switch (separator) {
            case '.' -> count == 1;
            case '_' -> count <= 2;
            case '-' -> true;
            default -> false;
          };
      if (!allowed) {
        return false;
      }
    }
  }

  private static boolean isLowerAlphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  }

  private static boolean isAlphanumeric(char c) {
    return isLowerAlphanumeric(c) || (c >= 'A' && c <= 'Z');
  }
}
