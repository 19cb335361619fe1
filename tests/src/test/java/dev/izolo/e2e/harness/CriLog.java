package dev.izolo.e2e.harness;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A container's log as the kubelet reads it: {@code <RFC 3339 time> <stdout|stderr> <P|F> <bytes>} a line, where P says
 * that the container's own line goes on. Strict: anything else fails the test.
 */
public record CriLog(List<Entry> entries) {

  public record Entry(Instant time, String stream, boolean partial, byte[] content) {}

  /** Reads the log as it is now; a last line still being written is left out. */
  public static CriLog read(Path file) {
    try {
      return Files.exists(file) ? parse(Files.readAllBytes(file)) : new CriLog(List.of());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static CriLog parse(byte[] log) {
    List<Entry> entries = new ArrayList<>();
    int from = 0;
    for (int at = 0; at < log.length; at++) {
      if (log[at] == '\n') {
        entries.add(entry(log, from, at));
        from = at + 1;
      }
    }
    return new CriLog(List.copyOf(entries));
  }

  private static Entry entry(byte[] log, int from, int to) {
    int stream = after(log, from, to);
    int tag = after(log, stream, to);
    int content = after(log, tag, to);
    String name = text(log, stream, tag - 1);
    String mark = text(log, tag, content - 1);
    if (!List.of("stdout", "stderr").contains(name) || !List.of("P", "F").contains(mark)) {
      throw new AssertionError("not a line of the CRI log format: " + text(log, from, to));
    }
    return new Entry(Instant.parse(text(log, from, stream - 1)), name, mark.equals("P"),
        java.util.Arrays.copyOfRange(log, content, to));
  }

  private static int after(byte[] log, int from, int to) {
    for (int at = from; at < to; at++) {
      if (log[at] == ' ') {
        return at + 1;
      }
    }
    throw new AssertionError("not a line of the CRI log format: " + text(log, from, to));
  }

  private static String text(byte[] log, int from, int to) {
    return new String(log, from, to - from, StandardCharsets.UTF_8);
  }

  /** The very bytes that the container wrote to stdout. */
  public byte[] stdout() {
    return bytes("stdout");
  }

  /** The very bytes that the container wrote to stderr. */
  public byte[] stderr() {
    return bytes("stderr");
  }

  private byte[] bytes(String stream) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (Entry entry : entries) {
      if (entry.stream().equals(stream)) {
        all.writeBytes(entry.content());
        if (!entry.partial()) {
          all.write('\n');
        }
      }
    }
    return all.toByteArray();
  }
}
