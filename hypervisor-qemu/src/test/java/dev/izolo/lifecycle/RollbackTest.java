package dev.izolo.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RollbackTest {
  private final List<String> ran = new ArrayList<>();

  @Test
  void undoesInReverseEvenWhenAStepFails() {
    var leftovers = new ArrayList<String>();
    try (var rollback = new Rollback("test", (what, _) -> leftovers.add(what))) {
      rollback.push("first", () -> ran.add("first"));
      rollback.push(
          "second",
          () -> {
            throw new IOException("stuck");
          });
      rollback.push("third", () -> ran.add("third"));
    }

    assertThat(ran).containsExactly("third", "first");
    assertThat(leftovers).containsExactly("second");
  }

  @Test
  void undoesNothingOnceCommitted() {
    try (var rollback = new Rollback("test")) {
      rollback.push("step", () -> ran.add("step"));
      rollback.commit();
    }

    assertThat(ran).isEmpty();
  }

  @Test
  void isNotInterruptedByTheCancellationThatCausedIt() {
    Thread.currentThread().interrupt();
    try (var rollback = new Rollback("test")) {
      rollback.push("step", () -> ran.add(Thread.currentThread().isInterrupted() ? "interrupted" : "calm"));
    }

    assertThat(ran).containsExactly("calm");
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void recordsPhasesOfATimeline() {
    var timeline = new Timeline();
    try (var _ = timeline.phase("one")) {
      ran.add("work");
    }
    timeline.add("two", System.nanoTime(), System.nanoTime() + 1_000_000);

    assertThat(timeline.phases()).extracting(Timeline.Phase::name).containsExactly("one", "two");
    assertThat(timeline.phases().get(1).length()).hasMillis(1);
    assertThat(timeline.elapsed()).isPositive();
  }
}
