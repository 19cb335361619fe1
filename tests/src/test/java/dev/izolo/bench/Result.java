package dev.izolo.bench;

import java.util.Optional;

/**
 * One row of the report.
 *
 * @param name what was measured, for example {@code run_pod_sandbox.pool}
 * @param unit ms, MB/s, MiB, percent, pods/min
 * @param reference what it is held against, for example {@code containerd.run_pod_sandbox} or {@code floor.bare_kernel}
 * @param bar the ratio, or without a reference the value, that it must not exceed (for rates: fall below)
 * @param note what a reader must know, for example why there is no value
 */
record Result(
    String name,
    String unit,
    int n,
    double median,
    double p95,
    Optional<Reference> reference,
    Optional<Double> bar,
    String note) {

  record Reference(String name, double median) {}

  static Result of(String name, String unit, Samples samples) {
    return new Result(name, unit, samples.size(), samples.median(), samples.p95(), Optional.empty(), Optional.empty(), "");
  }

  /** A row that says why there is no measurement. */
  static Result missing(String name, String unit, String why) {
    return new Result(name, unit, 0, Double.NaN, Double.NaN, Optional.empty(), Optional.empty(), why);
  }

  Result against(String referenceName, Samples samples) {
    return samples.isEmpty() || n == 0
        ? this
        : new Result(name, unit, n, median, p95, Optional.of(new Reference(referenceName, samples.median())), bar, note);
  }

  Result withBar(double limit) {
    return new Result(name, unit, n, median, p95, reference, Optional.of(limit), note);
  }

  Result withNote(String text) {
    return new Result(name, unit, n, median, p95, reference, bar, text);
  }

  /** Ours divided by the reference. */
  Optional<Double> ratio() {
    return reference.map(r -> median / r.median());
  }

  /** Whether the bar holds; empty when there is no bar or nothing to hold against it. */
  Optional<Boolean> holds() {
    if (bar.isEmpty() || n == 0) {
      return Optional.empty();
    }
    return Optional.of((reference.isPresent() ? ratio().orElseThrow() : median) <= bar.get());
  }
}
