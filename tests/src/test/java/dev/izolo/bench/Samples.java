package dev.izolo.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Measured values of one quantity, in one unit. Not safe for concurrent use. */
final class Samples {
  private final List<Double> values = new ArrayList<>();

  void add(double value) {
    values.add(value);
  }

  int size() {
    return values.size();
  }

  boolean isEmpty() {
    return values.isEmpty();
  }

  double median() {
    return quantile(0.5);
  }

  double p95() {
    return quantile(0.95);
  }

  /** The value below which a share {@code q} of the samples lies, interpolated linearly between neighbours. */
  double quantile(double q) {
    if (values.isEmpty()) {
      throw new IllegalStateException("no samples");
    }
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    double at = q * (sorted.length - 1);
    int below = (int) Math.floor(at);
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
