package dev.izolo.image.oci;

import dev.izolo.image.ImageException;
import java.io.IOException;

/** Carries a failure of a blob's source through stream code that knows only IOException. */
public final class BlobReadException extends IOException {
  private static final long serialVersionUID = 1;

  private final ImageException failure;

  public BlobReadException(ImageException failure) {
    super(failure.getMessage(), failure);
    this.failure = failure;
  }

  public ImageException failure() {
    return failure;
  }
}
