package dev.izolo.agent.container;

import java.time.Instant;

/** The wall clock in the protocol's unit. */
public final class Clock {
  private Clock() {}

  public static long unixNanos() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }
}
