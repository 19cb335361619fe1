package dev.izolo.image.oci;

import dev.izolo.image.ImageException;
import java.io.IOException;
import java.io.InputStream;

/** Where one image's content comes from. */
public interface BlobSource {
  /** What the image's name leads to: an index or a manifest, with its digest computed from its bytes. */
  Document resolve() throws ImageException, InterruptedException;

  /** A manifest or config that a descriptor points to: its size and digest are as the descriptor says. */
  byte[] document(Descriptor descriptor) throws ImageException, InterruptedException;

  /**
   * A blob's bytes. Reading throws a {@link BlobReadException} when they cannot be had, and instead of their end when
   * their size or digest is not the descriptor's.
   */
  InputStream blob(Descriptor descriptor) throws ImageException, IOException, InterruptedException;

  /**
   * @param descriptor media type as the source says, digest and size as they are
   */
  record Document(Descriptor descriptor, byte[] content) {}
}
