package dev.izolo.image.registry;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A challenge of a WWW-Authenticate header (RFC 9110, 11.6.1); pure.
 *
 * @param scheme lower case
 * @param parameters by lower-case name
 */
record Challenge(String scheme, Map<String, String> parameters) {
  private static final int MAX_CHARS = 16_384;

  /** All challenges of all header lines, in order; what is not well formed ends its line's parsing. */
  static List<Challenge> parse(List<String> lines) {
    List<Challenge> found = new ArrayList<>();
    for (String line : lines) {
      if (line.length() <= MAX_CHARS) {
        new Parser(line).parseInto(found);
      }
    }
    return found;
  }

  private static final class Parser {
    private final String text;
    private int at;

    Parser(String text) {
      this.text = text;
    }

    void parseInto(List<Challenge> found) {
      Challenge current = null;
      while (true) {
        skip(" \t,");
        String word = token();
        if (word.isEmpty()) {
          return;
        }
        int afterWord = at;
        skip(" \t");
        if (peek() == '=' && current != null) {
          at++;
          skip(" \t");
          String value = peek() == '"' ? quoted() : token();
          if (value == null) {
            return;
          }
          current.parameters.putIfAbsent(word.toLowerCase(Locale.ROOT), value);
        } else {
          at = afterWord;
          current = new Challenge(word.toLowerCase(Locale.ROOT), new LinkedHashMap<>());
          found.add(current);
        }
      }
    }

    private char peek() {
      return at < text.length() ? text.charAt(at) : 0;
    }

    private void skip(String chars) {
      while (at < text.length() && chars.indexOf(text.charAt(at)) >= 0) {
        at++;
      }
    }

    private String token() {
      int start = at;
      while (at < text.length() && " \t,=\"".indexOf(text.charAt(at)) < 0) {
        at++;
      }
      return text.substring(start, at);
    }

    /** Null if it has no end. */
    private String quoted() {
      StringBuilder value = new StringBuilder();
      for (at++; at < text.length(); at++) {
        char c = text.charAt(at);
        if (c == '"') {
          at++;
          return value.toString();
        }
        if (c == '\\' && at + 1 < text.length()) {
          c = text.charAt(++at);
        }
        value.append(c);
      }
      return null;
    }
  }
}
