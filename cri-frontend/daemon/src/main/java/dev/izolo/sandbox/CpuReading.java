package dev.izolo.sandbox;

import java.util.OptionalLong;

/**
 * CPU time used in all, as it was at one time, and the rate at which it grew until then.
 *
 * @param atUnixNanos by the guest's clock
 * @param usedNanos since the group or the VM began
 * @param nanoCores nanoseconds of CPU per second, over the last stretch that was long enough; empty before there was one
 * @param baseAtUnixNanos when the stretch began that the next rate is taken over
 * @param baseUsedNanos what was used by then
 */
record CpuReading(
    long atUnixNanos, long usedNanos, OptionalLong nanoCores, long baseAtUnixNanos, long baseUsedNanos) {
  private static final long SHORTEST_STRETCH_NANOS = 1_000_000_000L;

  static CpuReading first(long atUnixNanos, long usedNanos) {
    return new CpuReading(atUnixNanos, usedNanos, OptionalLong.empty(), atUnixNanos, usedNanos);
  }

  /** The next reading of the same thing. Guests' clocks may be set back, and their counters may lie: it begins anew then. */
  CpuReading next(long nowUnixNanos, long nowUsedNanos) {
    if (nowUnixNanos < baseAtUnixNanos || nowUsedNanos < baseUsedNanos) {
      return first(nowUnixNanos, nowUsedNanos);
    }
    long passed = nowUnixNanos - baseAtUnixNanos;
    if (passed < SHORTEST_STRETCH_NANOS) {
      return new CpuReading(nowUnixNanos, nowUsedNanos, nanoCores, baseAtUnixNanos, baseUsedNanos);
    }
    long rate = (long) ((nowUsedNanos - baseUsedNanos) * 1e9 / passed);
    return new CpuReading(nowUnixNanos, nowUsedNanos, OptionalLong.of(rate), nowUnixNanos, nowUsedNanos);
  }
}
