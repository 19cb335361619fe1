package dev.izolo.image.erofs;

import java.io.IOException;

/** What is to be written exceeds what the format, or this writer, can hold. */
public final class ImageTooLargeException extends IOException {
  private static final long serialVersionUID = 1;

  public ImageTooLargeException(String message) {
    super(message);
  }
}
