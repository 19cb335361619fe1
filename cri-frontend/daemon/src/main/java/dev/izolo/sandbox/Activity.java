package dev.izolo.sandbox;

import java.time.Duration;

/** Tells background work when nobody waits for a pod. */
final class Activity {
  private int running;
  private long quietSince = System.nanoTime();

  /** A piece of foreground work; closing it ends it. */
  interface Running extends AutoCloseable {
    @Override
    void close();
  }

  synchronized Running begin() {
    running++;
    return this::end;
  }

  private synchronized void end() {
    running--;
    quietSince = System.nanoTime();
    notifyAll();
  }

  /** Waits until there has been no foreground work for that long. */
  synchronized void awaitQuiet(Duration length) throws InterruptedException {
    while (true) {
      if (running > 0) {
        wait();
        continue;
      }
      long left = length.toNanos() - (System.nanoTime() - quietSince);
      if (left <= 0) {
        return;
      }
      wait(left / 1_000_000 + 1);
    }
  }
}
