package dev.izolo.agent.container;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads the kernel's files of counters one after the other into the same buffer, and finds numbers in it as bytes. An
 * emulated CPU mostly interprets this code, where a string per line of each file takes longer than the kernel takes to
 * write it. Not safe for concurrent use.
 */
final class CounterFile {
  /** What one read from a file brings at most: more is copied twice by the JDK. */
  private static final int FIRST_BYTES = 8 << 10;
  /** A container can make interfaces as it likes, and with them a long list of their counters. */
  private static final int MOST_BYTES = 256 << 10;
  private static final long LARGEST_BEFORE_LAST_DIGIT = Long.MAX_VALUE / 10 - 1;

  private byte[] bytes = new byte[FIRST_BYTES];
  private int length;
  private int at;

  /** A key as {@link #values} looks for it: with what stands between it and its number. */
  static byte[] key(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** A file's only number: 0 for "max", which is no limit, for what is no number, and for a file that is not there. */
  long number(String path) throws IOException {
    read(path);
    at = 0;
    return nextNumber();
  }

  /**
   * The numbers after keys that begin a line each, in the order of the keys; 0 for a key that is not there or has no
   * number, as for all of a file that is not there. The file is read no further than to the last key.
   */
  void values(String path, byte[][] keys, long[] into) throws IOException {
    read(path);
    Arrays.fill(into, 0);
    int missing = keys.length;
    for (at = 0; at < length && missing > 0; nextLine()) {
      for (int i = 0; i < keys.length; i++) {
        if (begins(keys[i])) {
          at += keys[i].length;
          into[i] = nextNumber();
          missing--;
          break;
        }
      }
    }
  }

  /** Reads a file to be gone through by {@link #nextText} and its kin, from its beginning. */
  void open(String path) throws IOException {
    read(path);
    at = 0;
  }

  boolean atEnd() {
    return at >= length;
  }

  /** What stands from here to a character in this line, without spaces before it; null if the character does not. */
  String nextText(char end) {
    skipSpaces();
    int from = at;
    for (int i = from; i < length && bytes[i] != '\n'; i++) {
      if (bytes[i] == end) {
        at = i + 1;
        return new String(bytes, from, i - from, StandardCharsets.US_ASCII);
      }
    }
    return null;
  }

  /** The number that follows in this line, after any spaces; 0, and no step forward, if none does or it is too large. */
  long nextNumber() {
    skipSpaces();
    int from = at;
    long number = 0;
    while (at < length && bytes[at] >= '0' && bytes[at] <= '9') {
      if (number > LARGEST_BEFORE_LAST_DIGIT) {
        at = from;
        return 0;
      }
      number = number * 10 + (bytes[at] - '0');
      at++;
    }
    return number;
  }

  void nextLine() {
    int i = at;
    while (i < length && bytes[i] != '\n') {
      i++;
    }
    at = i + 1;
  }

  private void skipSpaces() {
    while (at < length && bytes[at] == ' ') {
      at++;
    }
  }

  private boolean begins(byte[] key) {
    if (at + key.length > length) {
      return false;
    }
    for (int i = 0; i < key.length; i++) {
      if (bytes[at + i] != key[i]) {
        return false;
      }
    }
    return true;
  }

  private void read(String path) throws IOException {
    length = 0;
    try (FileInputStream in = new FileInputStream(path)) {
      int got = in.read(bytes, 0, bytes.length);
      while (got > 0) {
        length += got;
        if (length == bytes.length) {
          if (length >= MOST_BYTES) {
            return;
          }
          bytes = Arrays.copyOf(bytes, 2 * length);
        }
        got = in.read(bytes, length, bytes.length - length);
      }
    } catch (IOException e) {
      length = 0;
      // A group's files go with it, and may go while they are read.
      if (new File(path).exists()) {
        throw e;
      }
    }
  }
}
