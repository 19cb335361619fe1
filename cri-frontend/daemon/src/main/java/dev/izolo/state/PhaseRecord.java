package dev.izolo.state;

import dev.izolo.lifecycle.Timeline;
import java.util.Comparator;
import java.util.List;

/** One phase of a stored timeline; the names are those of the verbose status. */
public record PhaseRecord(String name, double startMs, double lengthMs) {
  /** The phases in the order they began. */
  public static List<PhaseRecord> of(Timeline timeline) {
    return timeline.phases().stream()
        .sorted(Comparator.comparing(Timeline.Phase::start))
        .map(p -> new PhaseRecord(p.name(), p.start().toNanos() / 1e6, p.length().toNanos() / 1e6))
        .toList();
  }
}
