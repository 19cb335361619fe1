package dev.izolo.image.erofs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Packs inodes, with their attributes and inline tails, into runs of blocks between the data. What belongs to one
 * inode is kept within a block where it fits: the format demands it of inline tails.
 */
final class MetadataArea {
  private static final int RUN_BLOCKS = 16;
  static final int RUN_BYTES = RUN_BLOCKS * ErofsWriter.BLOCK;

  private final BlockOutput out;
  private final ByteBuffer run;
  private long runPosition = -1;

  /** @param run of {@link #RUN_BYTES}, little endian; what an earlier image left in it is wiped out */
  MetadataArea(BlockOutput out, ByteBuffer run) {
    this.out = out;
    this.run = run;
    reset();
  }

  /** Position for this many bytes; they are to be put into {@link #buffer()} before the next call. */
  long allocate(int bytes) throws IOException {
    if (runPosition < 0 || place(bytes) + bytes > RUN_BYTES) {
      flush();
      runPosition = out.allocate(RUN_BLOCKS);
    }
    run.position(place(bytes));
    return runPosition + run.position();
  }

  /** Where the allocated bytes go, little endian. */
  ByteBuffer buffer() {
    return run;
  }

  private int place(int bytes) {
    int place = (run.position() + Inode.SLOT - 1) & -Inode.SLOT;
    int left = ErofsWriter.BLOCK - place % ErofsWriter.BLOCK;
    return bytes > left && bytes <= ErofsWriter.BLOCK ? place + left : place;
  }

  /** Ends the run: its unused blocks stay a hole. */
  void flush() throws IOException {
    if (runPosition >= 0) {
      out.write(runPosition, run.array(), 0, run.position());
      runPosition = -1;
    }
    reset();
  }

  private void reset() {
    run.clear();
    Arrays.fill(run.array(), (byte) 0);
  }
}
