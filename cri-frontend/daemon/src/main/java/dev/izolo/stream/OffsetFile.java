package dev.izolo.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * How far a container's output has been written: one small file beside its record, written after each append to the
 * log. Two slots are written in turn, each with a sequence number and a checksum, so that one is always whole. It
 * outlives the daemon, not the host: no sync, since a host that crashes takes the VM with it.
 */
final class OffsetFile implements AutoCloseable {
  private static final int SLOT = 64;

  /**
   * @param logIdentity which file the log was (a hash of its device and inode numbers), 0 for none
   * @param logSize its size when this was written
   */
  record Offsets(long logIdentity, long logSize, long stdout, long stderr) {
    static final Offsets NONE = new Offsets(0, 0, 0, 0);

    long of(StdStream stream) {
      return stream == StdStream.STDOUT ? stdout : stderr;
    }

    Offsets with(StdStream stream, long offset) {
      return stream == StdStream.STDOUT
          ? new Offsets(logIdentity, logSize, offset, stderr)
          : new Offsets(logIdentity, logSize, stdout, offset);
    }

    Offsets at(long identity, long size) {
      return new Offsets(identity, size, stdout, stderr);
    }
  }

  private final FileChannel file;
  private final ByteBuffer buffer = ByteBuffer.allocate(SLOT);
  private long sequence;

  OffsetFile(Path path) throws IOException {
    file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /** What was stored last; {@link Offsets#NONE} if nothing was. */
  Offsets load() throws IOException {
    Offsets newest = Offsets.NONE;
    for (int slot = 0; slot < 2; slot++) {
      Optional<Offsets> found = loadSlot(slot);
      if (found.isPresent()) {
        newest = found.get();
      }
    }
    return newest;
  }

  private Optional<Offsets> loadSlot(int slot) throws IOException {
    var bytes = ByteBuffer.allocate(SLOT);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, (long) slot * SLOT + bytes.position()) < 0) {
        return Optional.empty();
      }
    }
    bytes.flip();
    long found = bytes.getLong();
    var offsets = new Offsets(bytes.getLong(), bytes.getLong(), bytes.getLong(), bytes.getLong());
    if (bytes.getLong() != checksum(bytes.array()) || found <= sequence) {
      return Optional.empty();
    }
    sequence = found;
    return Optional.of(offsets);
  }

  void store(Offsets offsets) throws IOException {
    sequence++;
    buffer.clear();
    buffer.putLong(sequence).putLong(offsets.logIdentity).putLong(offsets.logSize);
    buffer.putLong(offsets.stdout).putLong(offsets.stderr);
    buffer.putLong(checksum(buffer.array()));
    buffer.position(0).limit(SLOT);
    long at = sequence % 2 * SLOT;
    while (buffer.hasRemaining()) {
      at += file.write(buffer, at);
    }
  }

  private static long checksum(byte[] slot) {
    var crc = new CRC32C();
    crc.update(slot, 0, 5 * Long.BYTES);
    return crc.getValue();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
