package dev.izolo.lifecycle;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Undoes a half-done operation. Every acquisition pushes its release as soon as it holds something; if the operation
 * ends without {@link #commit()}, closing runs the releases in reverse order, each whether or not the one before
 * failed. What could not be released is handed to the leftovers listener, so that it stays recorded and is retried.
 *
 * <pre>{@code
 * try (var rollback = new Rollback("RunPodSandbox " + id)) {
 *     var netns = networks.createNamespace(id);
 *     rollback.push("remove netns", () -> networks.removeNamespace(id));
 *     ...
 *     rollback.commit();
 * }
 * }</pre>
 *
 * Releases run on the closing thread, never interrupted by the cancellation that caused them: the interrupt status is
 * cleared first and restored after. Not safe for use by several threads.
 */
public final class Rollback implements AutoCloseable {
  /** Gives back what one acquisition took; must be idempotent and bounded in time. */
  @FunctionalInterface
  public interface Release {
    void run() throws Exception;
  }

  /** Told of a release that failed. */
  @FunctionalInterface
  public interface Leftovers {
    void failed(String what, Exception why);
  }

  private record Step(String what, Release release) {}

  private static final Logger log = LoggerFactory.getLogger(Rollback.class);

  private final String operation;
  private final Leftovers leftovers;
  private final Deque<Step> steps = new ArrayDeque<>();
  private boolean committed;

  public Rollback(String operation) {
    this(operation, (what, why) -> {});
  }

  public Rollback(String operation, Leftovers leftovers) {
    this.operation = operation;
    this.leftovers = leftovers;
  }

  /** Remembers how to give back what was just acquired. */
  public void push(String what, Release release) {
    steps.push(new Step(what, release));
  }

  /** The operation succeeded: nothing is undone. */
  public void commit() {
    committed = true;
  }

  @Override
  public void close() {
    if (committed) {
      return;
    }
    boolean interrupted = Thread.interrupted();
    List<String> failed = new ArrayList<>();
    while (!steps.isEmpty()) {
      Step step = steps.pop();
      try {
        step.release.run();
      } catch (Exception e) {
        failed.add(step.what);
        log.warn("{}: could not {} while rolling back", operation, step.what, e);
        leftovers.failed(step.what, e);
      }
      interrupted |= Thread.interrupted();
    }
    if (failed.isEmpty()) {
      log.debug("{}: rolled back", operation);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
