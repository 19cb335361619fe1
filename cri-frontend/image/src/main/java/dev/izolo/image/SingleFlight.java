package dev.izolo.image;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * Does work of the same key once for all who want it at the same time. The work runs on a thread of its own, so that
 * one caller's interruption does not fail the others; when the last has gone, it is interrupted too.
 */
final class SingleFlight<K, V> {
  /** The work. */
  interface Work<V> {
    V run() throws ImageException, InterruptedException;
  }

  private final Map<K, Flight<V>> flights = new HashMap<>();

  private static final class Flight<V> {
    final CompletableFuture<V> result = new CompletableFuture<>();
    Thread thread;
    int waiting;
  }

  /** Joins a flight of this key, or starts one. */
  V run(K key, Work<V> work) throws ImageException, InterruptedException {
    Flight<V> flight = board(key, work);
    try {
      return flight.result.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case ImageException failure -> throw failure;
        case Error error -> throw error;
        case RuntimeException bug -> throw bug;
        case Throwable other -> throw new IllegalStateException(other);
      }
    } finally {
      leave(key, flight);
    }
  }

  private synchronized Flight<V> board(K key, Work<V> work) {
    Flight<V> flight = flights.get(key);
    if (flight == null) {
      Flight<V> started = new Flight<>();
      flights.put(key, started);
      started.thread = Thread.ofVirtual().name("image-" + key.hashCode()).unstarted(() -> fly(key, started, work));
      started.thread.start();
      flight = started;
    }
    flight.waiting++;
    return flight;
  }

  private void fly(K key, Flight<V> flight, Work<V> work) {
    try {
      V value = work.run();
      remove(key, flight);
      flight.result.complete(value);
    } catch (Throwable e) {
      // Passed on to whoever waits; nobody is left to be told of an interruption.
      remove(key, flight);
      flight.result.completeExceptionally(e);
    }
  }

  private synchronized void remove(K key, Flight<V> flight) {
    flights.remove(key, flight);
  }

  /** The last to leave ends the work, and waits until it has cleaned up behind itself. */
  private void leave(K key, Flight<V> flight) {
    synchronized (this) {
      if (--flight.waiting > 0 || flight.result.isDone()) {
        return;
      }
      flights.remove(key, flight);
    }
    flight.thread.interrupt();
    boolean interrupted = false;
    while (true) {
      try {
        flight.thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
