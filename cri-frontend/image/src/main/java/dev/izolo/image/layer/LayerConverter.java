package dev.izolo.image.layer;

import dev.izolo.image.Digest;
import dev.izolo.image.erofs.ErofsWriter;
import dev.izolo.image.tar.TarFormatException;
import dev.izolo.image.tar.TarReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.util.HexFormat;

/** Converts a layer blob to an EROFS image, in one pass over its bytes. Safe for concurrent use. */
public final class LayerConverter {
  /** Large enough for headers; files' data goes past it in larger pieces. */
  private static final int TAR_BUFFER_BYTES = 32 * 1024;

  private final LayerLimits limits;
  private final Workspace.Pool workspaces = new Workspace.Pool();

  public LayerConverter(LayerLimits limits) {
    this.limits = limits;
  }

  /** @param inodes in the image */
  public record Result(long inodes) {}

  /**
   * Reads a whole tar, plain or compressed, and writes its image; the bytes are forced to disk.
   *
   * @param blob read to its end, where it may itself fail for a wrong digest
   * @param image new and empty
   * @param store file system that the image is on
   * @param diffId what the uncompressed tar's digest must be
   * @throws TarFormatException if the tar is malformed, hostile, or another than promised
   * @throws LayerTooLargeException if it exceeds a limit
   */
  public Result convert(InputStream blob, Digest diffId, FileChannel image, FileStore store) throws IOException {
    Workspace workspace = workspaces.take();
    try {
      return convert(blob, diffId, image, store, workspace);
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  private Result convert(InputStream blob, Digest diffId, FileChannel image, FileStore store, Workspace workspace)
      throws IOException {
    try (InputStream plain = Compression.decompress(blob)) {
      MeteredInput tar = new MeteredInput(plain, diffId.newHash(), limits.maxUncompressedBytes(), "the layer's tar");
      ErofsWriter writer = new ErofsWriter(image, workspace.image());
      new LayerBuilder(new TarReader(new BufferedInputStream(tar, TAR_BUFFER_BYTES)), writer, limits,
          new SpaceGuard(store, limits.minFreeBytes()), workspace.chunk()).build();
      tar.drain();
      Digest actual = tar.digest(diffId.algorithm());
      if (!actual.equals(diffId)) {
        throw new TarFormatException("the layer's tar has the digest " + actual + ", its image's config says " + diffId);
      }
      drain(blob);
      long inodes = writer.finish(HexFormat.of().parseHex(diffId.hex(), 0, 32));
      image.force(true);
      return new Result(inodes);
    }
  }

  /** A decompressor may stop before the blob's end, where its digest is checked. */
  private static void drain(InputStream blob) throws IOException {
    byte[] sink = new byte[8192];
    while (blob.read(sink) >= 0) {}
  }
}
