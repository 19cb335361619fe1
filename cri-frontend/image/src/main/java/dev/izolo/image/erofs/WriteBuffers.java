package dev.izolo.image.erofs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What one image at a time is written through, to be used again for the next one. Buffers made for each image would
 * outlive it by far: those outside the heap until their garbage is found, those in it in the old generation.
 */
public final class WriteBuffers {
  private static final int DATA_BYTES = 256 * 1024;

  /** Whole blocks on their way to the file: outside the heap, or each write would copy them there. */
  private final ByteBuffer data = ByteBuffer.allocateDirect(DATA_BYTES);

  private final ByteBuffer metadata = ByteBuffer.allocate(MetadataArea.RUN_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  ByteBuffer data() {
    return data;
  }

  ByteBuffer metadata() {
    return metadata;
  }
}
