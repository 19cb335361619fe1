package dev.izolo.stream;

import java.nio.charset.StandardCharsets;

/** An output stream of a process, by the name the CRI log format gives it. */
public enum StdStream {
  STDOUT("stdout"),
  STDERR("stderr");

  private final byte[] tag;

  StdStream(String tag) {
    this.tag = tag.getBytes(StandardCharsets.US_ASCII);
  }

  byte[] tag() {
    return tag;
  }
}
