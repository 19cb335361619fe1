package dev.izolo.e2e.harness;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Predicate;

/**
 * Bounds of waiting. Every bound is scaled by the property {@code izolo.test.patience} (1 on a machine of two idle
 * cores under software emulation), so that a slow or busy machine needs one number, not an edit of each test.
 */
public final class Patience {
  private static final double FACTOR = Double.parseDouble(System.getProperty("izolo.test.patience", "1"));

  private Patience() {}

  /** So many seconds, scaled. */
  public static Duration seconds(double seconds) {
    return Duration.ofMillis((long) (seconds * 1000 * FACTOR));
  }

  /** A microVM's boot to an answering agent. */
  public static Duration boot() {
    return seconds(90);
  }

  /**
   * Asks again until the answer satisfies, and returns it; fails with {@code what} and the last answer. For states that
   * no event announces (a process table, a directory); the pause is short against what is waited for.
   */
  public static <T> T await(String what, Duration bound, Callable<T> question, Predicate<T> enough) {
    long end = System.nanoTime() + bound.toNanos();
    T last = null;
    Throwable trouble = null;
    do {
      try {
        last = question.call();
        trouble = null;
        if (enough.test(last)) {
          return last;
        }
        Thread.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted while waiting for " + what, e);
      } catch (Exception | AssertionError e) {
        trouble = e;
        java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
      }
    } while (System.nanoTime() < end);
    throw new AssertionError("not within " + bound + ": " + what + "; last seen: " + last, trouble);
  }

  /** As {@link #await} for a plain condition. */
  public static void until(String what, Duration bound, Callable<Boolean> condition) {
    await(what, bound, condition, yes -> yes);
  }
}
