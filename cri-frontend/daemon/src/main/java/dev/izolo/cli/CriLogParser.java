package dev.izolo.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Turns a container log of the kubelet's format back into what the container wrote. A line is
 * {@code TIME STREAM TAG CONTENT}; with tag F a newline followed the content, with tag P none did (the line was split,
 * or the stream ended without one). Takes bytes in pieces of any size.
 */
final class CriLogParser {
  /** Far more than any writer's line: 16 KiB of content and its head. */
  private static final int MAX_LINE = 1 << 20;

  private final OutputStream stdout;
  private final OutputStream stderr;
  private byte[] pending = new byte[32 * 1024];
  private int length;

  CriLogParser(OutputStream stdout, OutputStream stderr) {
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** @throws IOException when the log is not in this format, or an output cannot be written to */
  void accept(byte[] bytes, int count) throws IOException {
    int from = 0;
    for (int at = 0; at < count; at++) {
      if (bytes[at] == '\n') {
        append(bytes, from, at - from);
        line();
        length = 0;
        from = at + 1;
      }
    }
    append(bytes, from, count - from);
    stdout.flush();
    stderr.flush();
  }

  private void append(byte[] bytes, int from, int count) throws IOException {
    if (length + count > MAX_LINE) {
      throw new IOException("the container's log holds a line longer than " + MAX_LINE + " bytes");
    }
    if (length + count > pending.length) {
      pending = Arrays.copyOf(pending, Math.max(length + count, 2 * pending.length));
    }
    System.arraycopy(bytes, from, pending, length, count);
    length += count;
  }

  private void line() throws IOException {
    int stream = after(0);
    int tag = after(stream);
    int content = after(tag);
    OutputStream out = switch (text(stream, tag)) {
      case "stdout" -> stdout;
      case "stderr" -> stderr;
      default -> throw malformed();
    };
    out.write(pending, content, length - content);
    switch (text(tag, content)) {
      case "F" -> out.write('\n');
      case "P" -> { }
      default -> throw malformed();
    }
  }

  /** Where the word behind the next space begins. */
  private int after(int from) throws IOException {
    for (int at = from; at < length; at++) {
      if (pending[at] == ' ') {
        return at + 1;
      }
    }
    throw malformed();
  }

  private String text(int from, int next) {
    return new String(pending, from, next - 1 - from, StandardCharsets.US_ASCII);
  }

  private IOException malformed() {
    return new IOException("the container's log holds a line that is not in CRI's format");
  }
}
