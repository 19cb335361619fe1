package dev.izolo.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CriLogParserTest {
  private static final String TIME = "2026-01-02T03:04:05.000000006Z";

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final CriLogParser parser = new CriLogParser(out, err);

  private void accept(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    parser.accept(bytes, bytes.length);
  }

  @Test
  void streamsAndTagsAreTakenApart() throws IOException {
    accept(TIME + " stdout F one\n" + TIME + " stderr F two\n" + TIME + " stdout P th\n" + TIME + " stdout F ree\n"
        + TIME + " stdout F \n" + TIME + " stdout P end");
    assertThat(out).hasToString("one\nthree\n\n");
    accept("\n");
    assertThat(out).hasToString("one\nthree\n\nend");
    assertThat(err).hasToString("two\n");
  }

  @Test
  void contentMayHoldAnything() throws IOException {
    accept(TIME + " stdout F  two  spaces stderr F x\r\n");
    assertThat(out).hasToString(" two  spaces stderr F x\r\n");
  }

  /** What any writer of the format makes of random bytes comes out again, however the log is cut on its way here. */
  @Test
  void rebuildsRandomBytesFromAnyPieces() throws IOException {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      byte[] original = new byte[random.nextInt(5000)];
      for (int at = 0; at < original.length; at++) {
        original[at] = (byte) (random.nextInt(20) == 0 ? '\n' : random.nextInt(256));
      }
      byte[] log = log(original, 1 + random.nextInt(100));
      var rebuilt = new ByteArrayOutputStream();
      var parser = new CriLogParser(rebuilt, err);
      for (int from = 0; from < log.length;) {
        int count = Math.min(1 + random.nextInt(300), log.length - from);
        byte[] piece = new byte[300];
        System.arraycopy(log, from, piece, 0, count);
        parser.accept(piece, count);
        from += count;
      }
      assertThat(rebuilt.toByteArray()).isEqualTo(original);
    }
  }

  private static byte[] log(byte[] original, int longest) throws IOException {
    var log = new ByteArrayOutputStream();
    var line = new ByteArrayOutputStream();
    for (byte octet : original) {
      if (octet == '\n') {
        write(log, "F", line);
      } else {
        line.write(octet);
        if (line.size() == longest) {
          write(log, "P", line);
        }
      }
    }
    if (line.size() > 0) {
      write(log, "P", line);
    }
    return log.toByteArray();
  }

  private static void write(ByteArrayOutputStream log, String tag, ByteArrayOutputStream line) throws IOException {
    log.write((TIME + " stdout " + tag + " ").getBytes(StandardCharsets.US_ASCII));
    line.writeTo(log);
    log.write('\n');
    line.reset();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "hello\n", "t stdout\n", "t stdout F\n", "t stdin F x\n", "t stdout X x\n"})
  void whatIsNotTheFormatIsAnError(String line) {
    assertThatThrownBy(() -> accept(line)).isInstanceOf(IOException.class).hasMessageContaining("CRI's format");
  }

  @Test
  void aLineWithoutEndIsNotKeptForEver() {
    byte[] piece = new byte[1 << 16];
    assertThatThrownBy(() -> {
      for (int count = 0; count < 100; count++) {
        parser.accept(piece, piece.length);
      }
    }).isInstanceOf(IOException.class).hasMessageContaining("longer than");
  }
}
