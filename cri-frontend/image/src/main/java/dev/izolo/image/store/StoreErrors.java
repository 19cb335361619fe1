package dev.izolo.image.store;

import dev.izolo.image.ImageException;
import java.io.IOException;
import java.nio.file.Path;

/** Says what a file system error means. */
public final class StoreErrors {
  private StoreErrors() {}

  /** A full disk or quota is {@link ImageException.NoSpace}, anything else a failed store. */
  public static ImageException explain(String what, Path directory, IOException e) {
    // Java has no type for these two; the texts are the C library's, which the JDK asks for in the C locale.
    String message = String.valueOf(e.getMessage());
    if (message.contains("No space left on device") || message.contains("Disk quota exceeded")) {
      return new ImageException.NoSpace(
          what + ": no space left in " + directory + ": remove images or enlarge the disk", e);
    }
    return new ImageException.StoreFailed(what + " in " + directory + ": " + e, e);
  }
}
