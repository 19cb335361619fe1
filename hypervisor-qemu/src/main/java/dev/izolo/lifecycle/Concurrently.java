package dev.izolo.lifecycle;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Tasks side by side on virtual threads, of which all end before the call does: the first failure, or an interrupt of
 * the caller, interrupts the others, and is thrown when they have ended.
 */
public final class Concurrently {
  private Concurrently() {}

  /** Results in the order of the tasks. */
  public static <T> List<T> all(List<? extends Callable<T>> tasks) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var completion = new ExecutorCompletionService<T>(threads);
      var futures = new ArrayList<Future<T>>();
      tasks.forEach(task -> futures.add(completion.submit(task::call)));
      try {
        for (int i = 0; i < tasks.size(); i++) {
          completion.take().get();
        }
      } catch (ExecutionException | InterruptedException e) {
        threads.shutdownNow();
        throw e instanceof ExecutionException failed && failed.getCause() instanceof Exception cause ? cause : e;
      }
      var results = new ArrayList<T>();
      for (Future<T> future : futures) {
        results.add(future.resultNow());
      }
      return results;
    }
  }

  /** Tasks that may have no answer and throw nothing but an interrupt: the answers there were, in order. */
  public static <T> List<T> answers(List<Callable<Optional<T>>> tasks) throws InterruptedException {
    try {
      return all(tasks).stream().flatMap(Optional::stream).toList();
    } catch (InterruptedException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
