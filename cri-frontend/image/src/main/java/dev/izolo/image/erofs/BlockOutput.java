package dev.izolo.image.erofs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Hands out blocks of a new file in ascending order and writes to them through one buffer. Places never written to are
 * holes, which read as zeros. Not thread-safe.
 */
final class BlockOutput {
  private static final long MAX_BLOCKS = 0xffff_fff0L;

  private final FileChannel file;
  private final ByteBuffer buffer;
  private long bufferPosition;
  private long nextBlock;

  /** @param buffer outside the heap; what an earlier image left in it is dropped */
  BlockOutput(FileChannel file, ByteBuffer buffer) {
    this.file = file;
    this.buffer = buffer.clear();
  }

  /** Position of this many fresh blocks. */
  long allocate(long blocks) throws ImageTooLargeException {
    if (blocks > MAX_BLOCKS - nextBlock) {
      throw new ImageTooLargeException("a layer is larger than a file system of 4 KiB blocks can be (16 TiB)");
    }
    long position = nextBlock * ErofsWriter.BLOCK;
    nextBlock += blocks;
    return position;
  }

  long blocks() {
    return nextBlock;
  }

  /**
   * Writes in order of position as a rule; anything else costs a flush. A gap is filled only within a block: a longer
   * one may hold what was written before.
   */
  void write(long position, byte[] bytes, int offset, int length) throws IOException {
    long gap = position - (bufferPosition + buffer.position());
    if (gap < 0 || gap >= Math.min(ErofsWriter.BLOCK, buffer.remaining())) {
      flush();
      bufferPosition = position;
    } else {
      for (; gap > 0; gap--) {
        buffer.put((byte) 0);
      }
    }
    while (length > 0) {
      int count = Math.min(length, buffer.remaining());
      buffer.put(bytes, offset, count);
      offset += count;
      length -= count;
      if (!buffer.hasRemaining()) {
        flush();
      }
    }
  }

  void flush() throws IOException {
    buffer.flip();
    long position = bufferPosition;
    while (buffer.hasRemaining()) {
      position += file.write(buffer, position);
    }
    bufferPosition = position;
    buffer.clear();
  }

  /** Flushes, and makes the file exactly as long as the blocks handed out. */
  void finish() throws IOException {
    flush();
    long length = nextBlock * ErofsWriter.BLOCK;
    if (file.size() < length) {
      file.write(ByteBuffer.wrap(new byte[1]), length - 1);
    }
  }
}
