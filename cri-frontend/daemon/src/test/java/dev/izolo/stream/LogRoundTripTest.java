package dev.izolo.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogRoundTripTest {
  @TempDir Path root;

  /** The raw bytes of a stream, from the log's entries. */
  static byte[] raw(byte[] log, StdStream stream) {
    var raw = new ByteArrayOutputStream();
    for (int from = 0; from < log.length; ) {
      int end = from;
      while (log[end] != '\n') {
        end++;
      }
      String head = new String(log, from, 40, StandardCharsets.ISO_8859_1);
      assertThat(head).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}Z std(out|err) [FP] ");
      assertThat(end - from - 40).isLessThanOrEqualTo(LogFramer.MAX_CONTENT);
      if (head.substring(31, 37).equals(stream.name().toLowerCase(java.util.Locale.ROOT))) {
        raw.write(log, from + 40, end - from - 40);
        if (head.charAt(38) == 'F') {
          raw.write('\n');
        }
      }
      from = end + 1;
    }
    return raw.toByteArray();
  }

  private static byte[] randomOutput(Random random) {
    byte[] bytes = new byte[random.nextInt(120_000)];
    random.nextBytes(bytes);
    // Lines from empty to longer than several entries.
    int every = 1 + random.nextInt(60_000);
    for (int i = 0; i < bytes.length; i++) {
      if (random.nextInt(every) == 0) {
        bytes[i] = '\n';
      }
    }
    return bytes;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void whateverTheChunksAndRestartsTheLogHoldsExactlyTheBytes(long seed) throws Exception {
    var random = new Random(seed);
    byte[][] sent = {randomOutput(random), randomOutput(random)};
    Path offsets = root.resolve("offsets");
    boolean[] ended = new boolean[2];
    while (!(ended[0] && ended[1])) {
      try (var log = ContainerLog.open(root.toString(), "app/0.log", offsets)) {
        var framers = new LogFramer[2];
        long[] at = new long[2];
        for (StdStream stream : StdStream.values()) {
          at[stream.ordinal()] = log.offset(stream);
          framers[stream.ordinal()] = new LogFramer(stream, log.offset(stream));
        }
        int chunks = random.nextInt(30);
        for (int i = 0; i < chunks || i < 1; i++) {
          StdStream stream = StdStream.values()[random.nextInt(2)];
          int s = stream.ordinal();
          if (ended[s]) {
            continue;
          }
          int length = (int) Math.min(sent[s].length - at[s], 1 + random.nextInt(20_000));
          byte[] entries =
              length == 0
                  ? framers[s].finish(Instant.now())
                  : framers[s].accept(Arrays.copyOfRange(sent[s], (int) at[s], (int) at[s] + length), Instant.now());
          ended[s] = length == 0;
          at[s] += length;
          if (entries.length > 0) {
            log.append(stream, entries, framers[s].framedBytes());
          }
        }
      }
      if (random.nextBoolean()) {
        dieBeforeNoting(random, sent, ended, offsets);
      }
    }
    byte[] log = Files.readAllBytes(root.resolve("app/0.log"));
    assertThat(raw(log, StdStream.STDOUT)).isEqualTo(sent[0]);
    assertThat(raw(log, StdStream.STDERR)).isEqualTo(sent[1]);
  }

  /** An append reached the log, wholly or torn, and the daemon was killed before it was noted. */
  private void dieBeforeNoting(Random random, byte[][] sent, boolean[] ended, Path offsets) throws IOException {
    long offset;
    try (var log = ContainerLog.open(root.toString(), "app/0.log", offsets)) {
      offset = log.offset(StdStream.STDOUT);
    }
    if (ended[0] || offset == sent[0].length) {
      return;
    }
    int length = (int) Math.min(sent[0].length - offset, 1 + random.nextInt(40_000));
    byte[] entries =
        new LogFramer(StdStream.STDOUT, offset)
            .accept(Arrays.copyOfRange(sent[0], (int) offset, (int) offset + length), Instant.now());
    int torn = entries.length == 0 ? 0 : random.nextInt(entries.length + 1);
    Files.write(root.resolve("app/0.log"), Arrays.copyOf(entries, torn), StandardOpenOption.APPEND);
  }

  @Test
  void splitsLongLinesAndMarksTheUnfinishedLast() {
    var framer = new LogFramer(StdStream.STDOUT, 0);
    byte[] line = new byte[LogFramer.MAX_CONTENT + 3];
    Arrays.fill(line, (byte) 'x');
    String first = new String(framer.accept(line, Instant.EPOCH), StandardCharsets.UTF_8);
    String rest = new String(framer.finish(Instant.EPOCH), StandardCharsets.UTF_8);

    assertThat(first).startsWith("1970-01-01T00:00:00.000000000Z stdout P xxx").hasSize(40 + LogFramer.MAX_CONTENT + 1);
    assertThat(rest).isEqualTo("1970-01-01T00:00:00.000000000Z stdout P xxx\n");
    assertThat(framer.framedBytes()).isEqualTo(line.length);
  }

  @Test
  void aLogIsReadableByItsOwnerAndGroupOnly() throws Exception {
    ContainerLog.open(root.toString(), "0.log", root.resolve("offsets")).close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("0.log"))))
        .isEqualTo("rw-r-----");
  }

  @Test
  void refusesPathsThatLeadElsewhere() throws Exception {
    Path offsets = root.resolve("offsets");
    assertThatThrownBy(() -> ContainerLog.open(root.toString(), "../x.log", offsets))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ContainerLog.open("relative", "x.log", offsets))
        .isInstanceOf(IllegalArgumentException.class);
    Path victim = Files.writeString(root.resolve("victim"), "precious");
    Files.createSymbolicLink(root.resolve("link.log"), victim);
    assertThatThrownBy(() -> ContainerLog.open(root.toString(), "link.log", offsets)).isInstanceOf(IOException.class);
    Files.createLink(root.resolve("hard.log"), victim);
    assertThatThrownBy(() -> ContainerLog.open(root.toString(), "hard.log", offsets)).isInstanceOf(IOException.class);
    Files.createSymbolicLink(root.resolve("dir"), Path.of("/tmp"));
    assertThatThrownBy(() -> ContainerLog.open(root.toString(), "dir/x.log", offsets)).isInstanceOf(IOException.class);
    assertThat(new ProcessBuilder("mkfifo", root.resolve("fifo.log").toString()).start().waitFor()).isZero();
    assertThatThrownBy(() -> ContainerLog.open(root.toString(), "fifo.log", offsets)).isInstanceOf(IOException.class);
    assertThat(Files.readString(victim)).isEqualTo("precious");
  }

  @Test
  void aTornOffsetSlotFallsBackToTheOneBefore() throws Exception {
    Path file = root.resolve("offsets");
    try (var offsets = new OffsetFile(file)) {
      offsets.store(new OffsetFile.Offsets(1, 10, 5, 0));
      offsets.store(new OffsetFile.Offsets(1, 20, 15, 0));
    }
    byte[] bytes = Files.readAllBytes(file);
    bytes[20] ^= 1;
    Files.write(file, bytes);
    try (var offsets = new OffsetFile(file)) {
      assertThat(offsets.load()).isEqualTo(new OffsetFile.Offsets(1, 10, 5, 0));
    }
  }

  @Test
  void withoutALogPathOutputIsCountedAndDropped() throws Exception {
    Path offsets = root.resolve("offsets");
    try (var log = ContainerLog.open("", "x", offsets)) {
      log.append(StdStream.STDERR, new byte[] {1}, 77);
    }
    try (var log = ContainerLog.open("", "x", offsets)) {
      assertThat(log.offset(StdStream.STDERR)).isEqualTo(77);
    }
  }
}
