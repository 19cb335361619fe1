package dev.izolo.image.tar;

import java.io.IOException;

/** The archive is not well formed, or holds what no file system tree could. */
public final class TarFormatException extends IOException {
  private static final long serialVersionUID = 1;

  public TarFormatException(String message) {
    super(message);
  }
}
