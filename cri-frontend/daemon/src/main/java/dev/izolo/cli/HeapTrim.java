package dev.izolo.cli;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives back the heap that a burst has left: the serial collector shrinks it at a full collection only, and a daemon at
 * rest makes too little garbage for one. Looks now and then, and collects when the heap has grown since the last time.
 */
final class HeapTrim {
  private static final Logger log = LoggerFactory.getLogger(HeapTrim.class);

  private static final Duration INTERVAL = Duration.ofSeconds(30);
  /** A full collection stops the daemon for some tens of milliseconds: not for less than this. */
  static final long WORTH_BYTES = 4L << 20;

  private final LongSupplier committedBytes;
  private final Runnable collect;
  private long floorBytes;

  /** @param committedBytes the heap's size now, in use or not */
  HeapTrim(LongSupplier committedBytes, Runnable collect) {
    this.committedBytes = committedBytes;
    this.collect = collect;
    this.floorBytes = committedBytes.getAsLong();
  }

  /** Looks from now on, for as long as the process lives. */
  static void begin() {
    var trim = new HeapTrim(Runtime.getRuntime()::totalMemory, System::gc);
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("heap-trim").factory());
    timer.scheduleWithFixedDelay(trim::look, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  void look() {
    long before = committedBytes.getAsLong();
    if (before >= floorBytes + WORTH_BYTES) {
      collect.run();
      floorBytes = committedBytes.getAsLong();
      log.debug("the heap was {} KiB and is {} KiB", before >> 10, floorBytes >> 10);
    } else {
      floorBytes = Math.min(floorBytes, before);
    }
  }
}
