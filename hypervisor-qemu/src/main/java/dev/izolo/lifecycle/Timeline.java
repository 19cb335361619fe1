package dev.izolo.lifecycle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the time of one operation went: named phases with their start, relative to the operation's own, and length.
 * Phases may overlap (image attach runs beside CNI). Safe for use by several threads.
 */
public final class Timeline {
  /** One finished phase. */
  public record Phase(String name, Duration start, Duration length) {}

  /** A running phase; closing it records it. */
  public interface Running extends AutoCloseable {
    @Override
    void close();
  }

  private final long originNanos = System.nanoTime();
  private final List<Phase> phases = new ArrayList<>();

  /** Starts a phase, to be closed by try-with-resources. */
  public Running phase(String name) {
    long from = System.nanoTime();
    return () -> add(name, from, System.nanoTime());
  }

  /** Records a phase measured elsewhere, in {@link System#nanoTime()} instants. */
  public synchronized void add(String name, long fromNanoTime, long toNanoTime) {
    phases.add(new Phase(name, Duration.ofNanos(fromNanoTime - originNanos), Duration.ofNanos(toNanoTime - fromNanoTime)));
  }

  public synchronized List<Phase> phases() {
    return List.copyOf(phases);
  }

  /** Since the timeline was made. */
  public Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - originNanos);
  }
}
