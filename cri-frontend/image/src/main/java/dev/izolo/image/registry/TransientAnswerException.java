package dev.izolo.image.registry;

import java.io.IOException;
import java.time.Duration;

/** A server said that it cannot answer now. */
final class TransientAnswerException extends IOException {
  private static final long serialVersionUID = 1;

  private final Duration retryAfter;

  TransientAnswerException(String message, Duration retryAfter) {
    super(message);
    this.retryAfter = retryAfter;
  }

  /** How long it asks to be left alone; zero if it does not say. */
  Duration retryAfter() {
    return retryAfter;
  }
}
