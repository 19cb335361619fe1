package dev.izolo.sandbox;

import dev.izolo.lifecycle.Concurrently;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Sandboxes that wait for pods, by size: handlers of one size share them. Oldest first. How many there should be is
 * bounded by the memory that they may take together. Safe for concurrent use.
 */
final class WarmPool {
  private final Map<VmSize, Integer> targets;
  private final Map<VmSize, Deque<Spare>> waiting = new ConcurrentHashMap<>();
  private final SpareSandboxes spares;
  private final Runnable changed;
  private boolean closed;

  /** @param changed told when one was claimed or has died */
  WarmPool(Map<String, RuntimeHandler> handlers, long maxBytes, SpareSandboxes spares, Runnable changed) {
    this.targets = targets(handlers, maxBytes);
    this.spares = spares;
    this.changed = changed;
    targets.keySet().forEach(size -> waiting.put(size, new ArrayDeque<>()));
  }

  /** How many of each size; handlers in the order of their names get what memory there is. */
  static Map<VmSize, Integer> targets(Map<String, RuntimeHandler> handlers, long maxBytes) {
    var wanted = new java.util.LinkedHashMap<VmSize, Integer>();
    new TreeMap<>(handlers).values().stream()
        .filter(handler -> handler.start() == RuntimeHandler.Start.POOL && handler.poolSize() > 0)
        .forEach(handler -> wanted.merge(handler.size(), handler.poolSize(), Math::max));
    long left = maxBytes;
    for (var entry : wanted.entrySet()) {
      long each = bytes(entry.getKey());
      entry.setValue((int) Math.min(entry.getValue(), left / each));
      left -= entry.getValue() * each;
    }
    wanted.values().removeIf(count -> count == 0);
    return wanted;
  }

  static long bytes(VmSize size) {
    return (long) size.memoryMib() << 20;
  }

  int target(VmSize size) {
    return targets.getOrDefault(size, 0);
  }

  synchronized int ready(VmSize size) {
    return waiting.getOrDefault(size, new ArrayDeque<>()).size();
  }

  /** The sizes of which there are too few. */
  synchronized List<VmSize> shortOf() {
    return targets.keySet().stream().filter(size -> ready(size) < target(size)).toList();
  }

  /** Takes one out; the caller owns it. */
  Optional<Spare> claim(VmSize size) {
    Optional<Spare> claimed = take(size);
    if (claimed.isPresent()) {
      changed.run();
    }
    return claimed;
  }

  private synchronized Optional<Spare> take(VmSize size) {
    Deque<Spare> queue = waiting.get(size);
    return queue == null ? Optional.empty() : Optional.ofNullable(queue.pollFirst());
  }

  /** Puts one in, unless the pool was closed meanwhile. */
  void put(Spare spare) throws InterruptedException {
    boolean kept;
    synchronized (this) {
      kept = !closed;
      if (kept) {
        waiting.get(spare.size()).addLast(spare);
      }
    }
    if (!kept) {
      spares.discard(spare);
      return;
    }
    spare.vm().exited().thenAccept(_ -> Thread.ofVirtual().name("spare-exit").start(() -> died(spare)));
  }

  private void died(Spare spare) {
    synchronized (this) {
      if (closed || !waiting.get(spare.size()).remove(spare)) {
        // Claimed: it is somebody else's; or the pool will be drained.
        return;
      }
    }
    try {
      spares.discard(spare);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    changed.run();
  }

  /** No more are taken in. */
  synchronized void close() {
    closed = true;
  }

  /** Closes, takes all out and gives them back, side by side. */
  void drain() throws InterruptedException {
    var all = new ArrayList<Spare>();
    synchronized (this) {
      closed = true;
      waiting.values().forEach(
          queue -> {
            all.addAll(queue);
            queue.clear();
          });
    }
    Concurrently.answers(
        all.stream()
            .<Callable<Optional<Void>>>map(
                spare ->
                    () -> {
                      spares.discard(spare);
                      return Optional.empty();
                    })
            .toList());
  }

  List<VmSize> sizes() {
    return List.copyOf(targets.keySet());
  }
}
