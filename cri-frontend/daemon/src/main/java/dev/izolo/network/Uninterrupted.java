package dev.izolo.network;

import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ExecutionException;

/** Runs clean-up to its end although the caller is being cancelled; the interruption is delivered afterwards. */
final class Uninterrupted {
  private Uninterrupted() {}

  /**
   * Runs the work on a thread of its own, which nobody interrupts, and waits for it.
   *
   * @throws ExecutionException with what the work threw
   */
  static <T> T call(Callable<T> work) throws ExecutionException {
    FutureTask<T> task = new FutureTask<>(work);
    Thread.ofVirtual().name("network clean-up").start(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
