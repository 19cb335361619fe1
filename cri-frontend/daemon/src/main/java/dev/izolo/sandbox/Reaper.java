package dev.izolo.sandbox;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tries again, more and more rarely, to clean up what could not be cleaned up, until it works or the daemon ends. */
public final class Reaper implements AutoCloseable {
  /** Must be idempotent. */
  @FunctionalInterface
  public interface Task {
    void run() throws Exception;
  }

  private static final Logger log = LoggerFactory.getLogger(Reaper.class);
  private static final Duration LONGEST = Duration.ofMinutes(5);

  private final Duration first;
  private final Set<String> pending = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closed = new CountDownLatch(1);

  public Reaper() {
    this(Duration.ofSeconds(5));
  }

  Reaper(Duration first) {
    this.first = first;
  }

  /** Runs it now; if that fails, tries again later. */
  public void run(String what, Task task) throws InterruptedException {
    try {
      task.run();
    } catch (InterruptedException e) {
      retry(what, task);
      throw e;
    } catch (Exception e) {
      log.warn("could not {}, will try again: {}", what, e.toString());
      retry(what, task);
    }
  }

  /** Tries it later, unless a task of that name is waiting already. */
  public void retry(String what, Task task) {
    if (pending.add(what)) {
      Thread.ofVirtual().name("reaper").start(() -> untilDone(what, task));
    }
  }

  private void untilDone(String what, Task task) {
    Duration pause = first;
    try {
      while (!closed.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
        pending.remove(what);
        try {
          task.run();
          log.info("done at last: {}", what);
          return;
        } catch (InterruptedException e) {
          throw e;
        } catch (Exception e) {
          log.warn("still could not {}: {}", what, e.toString());
          if (!pending.add(what)) {
            return;
          }
        }
        pause = pause.multipliedBy(2).compareTo(LONGEST) < 0 ? pause.multipliedBy(2) : LONGEST;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
