package dev.izolo.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * How many raw bytes of each stream the complete entries in a part of a log stand for. Izolo wrote that part itself, but
 * a former version or an operator may have been at it: what is not an entry counts for nothing.
 *
 * @param completeEnd file position behind the last complete entry
 */
record LogTail(long stdoutBytes, long stderrBytes, long completeEnd) {
  /** Time (30), stream (6), tag (1) and the spaces between them. */
  private static final int HEAD = 30 + 1 + 6 + 1 + 1 + 1;

  static LogTail read(FileChannel file, long from) throws IOException {
    var parser = new Parser(from);
    var buffer = ByteBuffer.allocate(64 * 1024);
    for (long at = from; ; ) {
      buffer.clear();
      int n = file.read(buffer, at);
      if (n < 0) {
        return parser.result();
      }
      at += n;
      buffer.flip();
      while (buffer.hasRemaining()) {
        parser.accept(buffer.get());
      }
    }
  }

  private static final class Parser {
    private final byte[] head = new byte[HEAD];
    private long position;
    private long lineLength;
    private long completeEnd;
    private long stdout;
    private long stderr;

    Parser(long from) {
      position = from;
      completeEnd = from;
    }

    void accept(byte b) {
      position++;
      if (b != '\n') {
        if (lineLength < HEAD) {
          head[(int) lineLength] = b;
        }
        lineLength++;
        return;
      }
      count();
      lineLength = 0;
      completeEnd = position;
    }

    private void count() {
      if (lineLength < HEAD || head[30] != ' ' || head[37] != ' ' || head[39] != ' ') {
        return;
      }
      boolean full = head[38] == 'F';
      if (!full && head[38] != 'P') {
        return;
      }
      long raw = lineLength - HEAD + (full ? 1 : 0);
      String stream = new String(head, 31, 6, java.nio.charset.StandardCharsets.ISO_8859_1);
      switch (stream) {
        case "stdout" -> stdout += raw;
        case "stderr" -> stderr += raw;
        default -> { }
      }
    }

    LogTail result() {
      return new LogTail(stdout, stderr, completeEnd);
    }
  }
}
