package dev.izolo.stream;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/**
 * Turns one stream's bytes into entries of the CRI log format:
 * {@code <RFC 3339 time with nanoseconds> <stdout|stderr> <F|P> <content>\n}. An entry tagged F ended in a newline in
 * the stream; one tagged P did not: its line was longer than an entry may be, or was the stream's last and had no
 * newline. So the raw bytes are the entries' contents with a newline after each F, exactly.
 *
 * <p>Bytes of an unfinished line are held until it ends, fills an entry or the stream ends; {@link #framedBytes} says
 * how many raw bytes are in entries already. Not safe for use by several threads.
 */
final class LogFramer {
  /** The longest content of one entry, as the field has it. */
  static final int MAX_CONTENT = 16 * 1024;

  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.nnnnnnnnn'Z'");

  private final StdStream stream;
  private final byte[] line = new byte[MAX_CONTENT];
  private int held;
  private long framed;

  /** @param offset of the first byte to come in the raw stream */
  LogFramer(StdStream stream, long offset) {
    this.stream = stream;
    this.framed = offset;
  }

  /** Takes the next bytes and returns the entries they completed, possibly none. */
  byte[] accept(byte[] data, Instant now) {
    var out = new ByteArrayOutputStream(data.length + 64);
    byte[] head = head(now);
    for (int from = 0; from < data.length; ) {
      int room = MAX_CONTENT - held;
      int newline = indexOfNewline(data, from, Math.min(data.length, from + room));
      int end = newline >= 0 ? newline : Math.min(data.length, from + room);
      System.arraycopy(data, from, line, held, end - from);
      held += end - from;
      from = end;
      if (newline >= 0) {
        emit(out, head, 'F');
        framed++;
        from++;
      } else if (held == MAX_CONTENT) {
        emit(out, head, 'P');
      }
    }
    return out.toByteArray();
  }

  /** The stream has ended: the entry of an unfinished last line, or nothing. */
  byte[] finish(Instant now) {
    if (held == 0) {
      return new byte[0];
    }
    var out = new ByteArrayOutputStream(held + 64);
    emit(out, head(now), 'P');
    return out.toByteArray();
  }

  /** Offset in the raw stream up to which everything is in entries that were returned. */
  long framedBytes() {
    return framed;
  }

  private void emit(ByteArrayOutputStream out, byte[] head, char tag) {
    out.writeBytes(head);
    out.write(tag);
    out.write(' ');
    out.write(line, 0, held);
    out.write('\n');
    framed += held;
    held = 0;
  }

  private byte[] head(Instant now) {
    byte[] time = TIME.format(now.atOffset(ZoneOffset.UTC)).getBytes(StandardCharsets.US_ASCII);
    var head = new ByteArrayOutputStream(48);
    head.writeBytes(time);
    head.write(' ');
    head.writeBytes(stream.tag());
    head.write(' ');
    return head.toByteArray();
  }

  private static int indexOfNewline(byte[] data, int from, int to) {
    for (int i = from; i < to; i++) {
      if (data[i] == '\n') {
        return i;
      }
    }
    return -1;
  }
}
