package dev.izolo.sandbox;

import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;

/** CPU use over time, from two readings of what was used in all: the newest and one at least a second older. */
public final class CpuRates {
  private static final long SHORTEST = 1_000_000_000L;

  private record Reading(long atNanos, long usedNanos, long rate) {}

  private final Map<String, Reading> readings = new ConcurrentHashMap<>();

  /** Nanoseconds of CPU per second; empty at the first reading. */
  public OptionalLong nanoCores(String id, long atNanos, long usedNanos) {
    Reading now =
        readings.compute(
            id,
            (_, before) -> {
              if (before == null) {
                return new Reading(atNanos, usedNanos, -1);
              }
              long passed = atNanos - before.atNanos;
              return passed < SHORTEST
                  ? before
                  : new Reading(
                      atNanos, usedNanos, (long) (Math.max(0, usedNanos - before.usedNanos) * 1e9 / passed));
            });
    return now.rate < 0 ? OptionalLong.empty() : OptionalLong.of(now.rate);
  }

  public void forget(String id) {
    readings.remove(id);
  }
}
