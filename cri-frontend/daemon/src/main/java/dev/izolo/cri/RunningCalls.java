package dev.izolo.cri;

import java.time.Duration;

/** Counts the handlers that run, so that a server that stops can wait for the last one's roll-back. */
final class RunningCalls {
  /** One handler's run. */
  interface Entry extends AutoCloseable {
    @Override
    void close();
  }

  private int count;

  synchronized Entry enter() {
    count++;
    return this::leave;
  }

  private synchronized void leave() {
    count--;
    notifyAll();
  }

  /** Waits until none runs; says whether that was in time. */
  synchronized boolean awaitNone(Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (count > 0) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return false;
      }
      wait(left);
    }
    return true;
  }
}
