package dev.izolo.image.registry;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;

/** When to try again: each pause twice the last and up to a quarter off, so that nodes do not come back together. */
final class Backoff {
  private static final Duration LONGEST = Duration.ofSeconds(10);

  private final int attempts;
  private Duration next;
  private int failures;

  Backoff(int attempts, Duration first) {
    this.attempts = attempts;
    this.next = first;
  }

  /** Waits until the next attempt; throws what failed if there is to be none. */
  void pause(IOException failure) throws IOException, InterruptedException {
    boolean pointless = failure instanceof SSLHandshakeException || failure instanceof SSLPeerUnverifiedException;
    if (++failures >= attempts || pointless) {
      throw failure;
    }
    Duration pause = next;
    if (failure instanceof TransientAnswerException busy && busy.retryAfter().compareTo(pause) > 0) {
      pause = busy.retryAfter();
    }
    pause = pause.compareTo(LONGEST) > 0 ? LONGEST : pause;
    long millis = pause.toMillis();
    Thread.sleep(millis - ThreadLocalRandom.current().nextLong(millis / 4 + 1));
    next = next.multipliedBy(2);
  }

  /** Something arrived: counts from the start again. */
  void progressed() {
    failures = 0;
  }
}
