package dev.izolo.image.layer;

import java.io.IOException;

/** A layer exceeds a configured limit, or the room that is left. */
public final class LayerTooLargeException extends IOException {
  private static final long serialVersionUID = 1;

  public LayerTooLargeException(String message) {
    super(message);
  }
}
