package dev.izolo.image.layer;

import java.io.IOException;
import java.nio.file.FileStore;

/** Stops a layer before it has filled the disk that the whole node lives on. */
final class SpaceGuard {
  private static final long CHECK_EVERY_BYTES = 32L << 20;

  private final FileStore store;
  private final long minFreeBytes;
  private long sinceCheck = CHECK_EVERY_BYTES;

  SpaceGuard(FileStore store, long minFreeBytes) {
    this.store = store;
    this.minFreeBytes = minFreeBytes;
  }

  void written(long bytes) throws IOException {
    sinceCheck += bytes;
    if (sinceCheck >= CHECK_EVERY_BYTES) {
      sinceCheck = 0;
      long free = store.getUsableSpace();
      if (free < minFreeBytes) {
        throw new LayerTooLargeException("only " + free + " bytes are free, and " + minFreeBytes + " are to stay so");
      }
    }
  }
}
