package dev.izolo.agent.container;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The formats of cgroup v2's interface files: single values and flat keyed ones. */
final class CgroupFiles {
  private CgroupFiles() {}

  /** The file's text; empty when the group, and so the file, is gone. */
  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }

  /** The value of a key in a flat keyed file, 0 if it is not there or no number. */
  static long value(String flatKeyed, String key) {
    for (String line : flatKeyed.split("\n")) {
      if (line.startsWith(key + " ")) {
        return number(line.substring(key.length() + 1));
      }
    }
    return 0;
  }

  /** A single value; 0 for "max", which is no limit, and for what is no number. */
  static long number(String text) {
    try {
      return Long.parseLong(text.strip());
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
