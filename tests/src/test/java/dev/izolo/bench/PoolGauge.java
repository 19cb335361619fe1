package dev.izolo.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/** Reads how many sandboxes wait in Izolo's warm pool, from the verbose Status. */
final class PoolGauge {
  private static final Duration LIMIT = Duration.ofMinutes(3);
  private static final Duration PAUSE = Duration.ofMillis(100);

  private PoolGauge() {}

  /** Waits until the pool is as full as configured. */
  static void awaitRefill(CriTarget target) throws IOException, TimeoutException {
    long until = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      String text = target.statusInfo().get("pool");
      if (text == null) {
        throw new IOException("the server's Status has no \"pool\" info: is the warm pool on?");
      }
      JsonNode pool = new ObjectMapper().readTree(text);
      if (pool.path("ready").asInt() >= pool.path("size").asInt(1)) {
        return;
      }
      if (System.nanoTime() > until) {
        throw new TimeoutException("the warm pool was not refilled within " + LIMIT.toSeconds() + " s: " + text);
      }
      LockSupport.parkNanos(PAUSE.toNanos()); // another process refills; CRI has no event for it
    }
  }
}
