package dev.izolo.image.layer;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/** How a layer's tar is compressed: told by its first bytes, as media types are known to lie. */
enum Compression {
  NONE,
  GZIP,
  ZSTD;

  private static final int BUFFER_BYTES = 32 * 1024;

  static InputStream decompress(InputStream in) throws IOException {
    BufferedInputStream buffered = new BufferedInputStream(in, BUFFER_BYTES);
    buffered.mark(4);
    byte[] magic = buffered.readNBytes(4);
    buffered.reset();
    return switch (of(magic)) {
      case NONE -> buffered;
      // The JDK's own reader ends at a member's end when no further byte is at hand yet, which a network may cause.
      case GZIP -> GzipCompressorInputStream.builder()
          .setInputStream(buffered)
          .setBufferSize(BUFFER_BYTES)
          .setDecompressConcatenated(true)
          .get();
      case ZSTD -> new ZstdInputStream(buffered).setContinuous(false);
    };
  }

  static Compression of(byte[] magic) {
    if (magic.length >= 2 && magic[0] == 0x1f && magic[1] == (byte) 0x8b) {
      return GZIP;
    }
    boolean zstd = magic.length >= 4 && magic[1] == (byte) 0xb5 && magic[2] == 0x2f && magic[3] == (byte) 0xfd;
    boolean skippable = magic.length >= 4 && (magic[0] & 0xf0) == 0x50 && magic[1] == 0x2a && magic[2] == 0x4d
        && magic[3] == 0x18;
    return (zstd && magic[0] == 0x28) || skippable ? ZSTD : NONE;
  }
}
