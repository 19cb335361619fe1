package dev.izolo.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MemoryFileTest {
  private static final int PAGE = 4096;
  private static final int PAGES = 20_000;

  @Test
  void copiesDataAndLeavesHoles() throws Exception {
    var random = new Random(42);
    try (var from = MemoryFile.create("from", (long) PAGES * PAGE);
        var to = MemoryFile.create("to", (long) PAGES * PAGE)) {
      int written = 0;
      try (var raw = new RandomAccessFile(from.fd().procPath().toFile(), "rw")) {
        for (int page = random.nextInt(9); page < PAGES; page += 1 + random.nextInt(40)) {
          for (int run = random.nextInt(12); run >= 0 && page < PAGES; run--, page++) {
            var bytes = new byte[PAGE];
            random.nextBytes(bytes);
            raw.seek((long) page * PAGE);
            raw.write(bytes);
            written++;
          }
        }
      }
      assertThat(from.allocatedBytes()).isEqualTo((long) written * PAGE);

      from.copyTo(to);

      assertThat(to.allocatedBytes()).isEqualTo(from.allocatedBytes());
      try (var a = FileChannel.open(from.fd().procPath());
          var b = FileChannel.open(to.fd().procPath())) {
        assertThat(a.map(FileChannel.MapMode.READ_ONLY, 0, from.size()))
            .isEqualTo(b.map(FileChannel.MapMode.READ_ONLY, 0, to.size()));
      }
    }
  }

  @Test
  void copiesAnEmptyFileAndAFullOne() throws Exception {
    try (var empty = MemoryFile.create("empty", 1 << 20);
        var target = MemoryFile.create("target", 1 << 20);
        var nothing = MemoryFile.create("nothing", 0)) {
      empty.copyTo(target);
      assertThat(target.allocatedBytes()).isZero();
      nothing.copyTo(target);
      try (var raw = new RandomAccessFile(empty.fd().procPath().toFile(), "rw")) {
        raw.write(new byte[1 << 20]);
      }
      empty.copyTo(target);
      assertThat(target.allocatedBytes()).isEqualTo(1 << 20);
    }
  }

  @Test
  void cannotBeChangedOnceSealedByAnybodyWhoHoldsIt() throws Exception {
    try (var file = MemoryFile.create("sealed", PAGE)) {
      try (var raw = new RandomAccessFile(file.fd().procPath().toFile(), "rw")) {
        raw.writeInt(4711);
      }

      file.seal();

      try (var raw = new RandomAccessFile(file.fd().procPath().toFile(), "rw")) {
        assertThat(raw.readInt()).isEqualTo(4711);
        assertThatThrownBy(() -> raw.writeInt(1)).hasMessageContaining("not permitted");
        assertThatThrownBy(() -> raw.setLength(1)).hasMessageContaining("not permitted");
        var channel = raw.getChannel();
        assertThatThrownBy(() -> channel.map(FileChannel.MapMode.READ_WRITE, 0, PAGE)).hasMessageContaining("not permitted");
        assertThat(channel.map(FileChannel.MapMode.PRIVATE, 0, PAGE).putInt(0, 5).getInt(0)).isEqualTo(5);
      }
      try (var reader = file.duplicate()) {
        assertThat(reader.size()).isEqualTo(PAGE);
      }
    }
  }

  @Test
  void stopsCopyingWhenInterrupted() throws Exception {
    try (var from = MemoryFile.create("from", PAGE);
        var to = MemoryFile.create("to", PAGE)) {
      try (var raw = new RandomAccessFile(from.fd().procPath().toFile(), "rw")) {
        raw.write(1);
      }
      Thread.currentThread().interrupt();

      assertThatThrownBy(() -> from.copyTo(to)).isInstanceOf(InterruptedException.class);
      assertThat(to.allocatedBytes()).isZero();
    }
  }
}
