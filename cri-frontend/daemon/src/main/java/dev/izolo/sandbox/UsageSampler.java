package dev.izolo.sandbox;

import dev.izolo.agent.v1.GetStatsResponse;
import dev.izolo.state.CriException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One sandbox's use of resources: asked of its guest once, kept for everyone who asks within the maximum age, and asked
 * again ahead of that age only as long as someone keeps asking. Safe for concurrent use; at most one question is under
 * way, and everyone who needs its answer waits for the same one.
 *
 * <p>A guest that does not answer in time is not waited for again by every caller: its failure is kept as a sample would
 * be, and tried anew in the background.
 */
final class UsageSampler {
  /** One slow guest must not hold up the kubelet's round over all of them. */
  static final Duration LIMIT = Duration.ofSeconds(5);

  private static final Logger log = LoggerFactory.getLogger(UsageSampler.class);
  /** A failure that took this long is one that callers should not wait for again. */
  private static final long SLOW_NANOS = Duration.ofSeconds(1).toNanos();
  /** Asking goes on as long as the last caller came within so many maximum ages. */
  private static final int AGES_ASKED_FOR = 2;
  /** When to ask again, as parts of the maximum age: not all sandboxes at once, and early enough for a slow answer. */
  private static final double EARLIEST = 0.65;
  private static final double LATEST = 0.85;

  /** The guest. */
  interface Source {
    /** @param containerIds of which containers; the VM's own figures come in any case */
    GetStatsResponse ask(Set<String> containerIds) throws CriException, InterruptedException;
  }

  /** The passing of time. */
  interface Timer {
    long nanoTime();

    /** Runs it on a thread that may wait, after the delay. */
    void after(Duration delay, Runnable task);
  }

  static final Timer SYSTEM_TIMER = new Timer() {
    @Override
    public long nanoTime() {
      return System.nanoTime();
    }

    @Override
    public void after(Duration delay, Runnable task) {
      CompletableFuture.delayedExecutor(
          delay.toNanos(), TimeUnit.NANOSECONDS, due -> Thread.ofVirtual().name("usage").start(due)).execute(task);
    }
  };

  /** How a question ended. Times are those of the timer; of sample and failure there is one. */
  private record Outcome(
      Set<String> askedFor, long askedNanos, long endedNanos, UsageSample sample, CriException failure) {
    boolean failed() {
      return failure != null;
    }

    UsageSample sampleOrFailure() throws CriException {
      if (failed()) {
        throw failure;
      }
      return sample;
    }
  }

  private final String sandboxId;
  private final Source source;
  private final BooleanSupplier running;
  private final Timer timer;
  // All that follows is guarded by the monitor of this object.
  private boolean closed;
  /** The newest sample, or a failure that is worth keeping; null before there is one. */
  private Outcome kept;
  private UsageSample newest;
  private CompletableFuture<Outcome> underWay;
  private Supplier<Set<String>> containers = Set::of;
  private Duration maxAge = Duration.ZERO;
  private long lastCallerNanos;
  /** Whether the guest is asked again without a caller: a timer runs, or that question is under way. */
  private boolean refreshing;
  private boolean timerRuns;
  private long refreshDueNanos;

  /** @param running whether the sandbox still is; asking ends when it is not */
  UsageSampler(String sandboxId, Source source, BooleanSupplier running, Timer timer) {
    this.sandboxId = sandboxId;
    this.source = source;
    this.running = running;
    this.timer = timer;
  }

  /**
   * A sample of this age at most that tells of every container which runs now; waits for a new one if need be.
   *
   * @param runningContainers the ids of those that run, when called
   */
  UsageSample read(Supplier<Set<String>> runningContainers, Duration oldest) throws CriException, InterruptedException {
    long from = System.nanoTime();
    Set<String> wanted = runningContainers.get();
    while (true) {
      CompletableFuture<Outcome> answer;
      synchronized (this) {
        Optional<Outcome> ready = ready(wanted, runningContainers, oldest);
        if (ready.isPresent()) {
          return ready.get().sampleOrFailure();
        }
        answer = underWay != null ? underWay : begin(wanted);
      }
      Outcome outcome = await(answer, from);
      // A question that was under way already may have been asked before a container ran.
      if (outcome.failed() || outcome.askedFor.containsAll(wanted)) {
        return outcome.sampleOrFailure();
      }
    }
  }

  /** Like {@link #read}, but does not wait: empty where that would have to. */
  Optional<UsageSample> readKept(Supplier<Set<String>> runningContainers, Duration oldest) throws CriException {
    Set<String> wanted = runningContainers.get();
    Optional<Outcome> ready;
    synchronized (this) {
      ready = ready(wanted, runningContainers, oldest);
    }
    return ready.isPresent() ? Optional.of(ready.get().sampleOrFailure()) : Optional.empty();
  }

  private Optional<Outcome> ready(Set<String> wanted, Supplier<Set<String>> runningContainers, Duration oldest) {
    containers = runningContainers;
    maxAge = oldest;
    lastCallerNanos = timer.nanoTime();
    if (kept == null || !kept.askedFor.containsAll(wanted)) {
      return Optional.empty();
    }
    boolean serves = kept.failed() ? refreshing : lastCallerNanos - kept.askedNanos < maxAge.toNanos();
    return serves ? Optional.of(kept) : Optional.empty();
  }

  private Outcome await(CompletableFuture<Outcome> answer, long from) throws CriException, InterruptedException {
    try {
      return answer.get(LIMIT.toNanos() - (System.nanoTime() - from), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new CriException.Unavailable(
          "sandbox " + sandboxId + " did not tell what it uses within " + LIMIT.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      throw new CriException.Internal("sandbox " + sandboxId + " could not be asked what it uses", e);
    }
  }

  /** Callers hold the monitor. Not on the caller's thread: others wait for it as well, and callers may be interrupted. */
  private CompletableFuture<Outcome> begin(Set<String> wanted) {
    var ids = new HashSet<>(containers.get());
    ids.addAll(wanted);
    Set<String> askedFor = Set.copyOf(ids);
    var answer = new CompletableFuture<Outcome>();
    underWay = answer;
    UsageSample before = newest;
    Thread.ofVirtual().name("usage").start(() -> finish(answer, outcome(askedFor, before)));
    return answer;
  }

  private Outcome outcome(Set<String> askedFor, UsageSample before) {
    long asked = timer.nanoTime();
    try {
      UsageSample sample = UsageSample.of(askedFor, source.ask(askedFor), before);
      return new Outcome(askedFor, asked, timer.nanoTime(), sample, null);
    } catch (CriException e) {
      return new Outcome(askedFor, asked, timer.nanoTime(), null, e);
    } catch (InterruptedException | RuntimeException | LinkageError | AssertionError e) {
      // Whatever it was, those who wait are told, and the next question can be asked.
      return new Outcome(askedFor, asked, timer.nanoTime(), null,
          new CriException.Internal("sandbox " + sandboxId + " could not be asked what it uses: " + e, e));
    }
  }

  private void finish(CompletableFuture<Outcome> answer, Outcome outcome) {
    synchronized (this) {
      underWay = null;
      if (!outcome.failed()) {
        newest = outcome.sample;
        kept = outcome;
      } else {
        log.debug("sandbox={} does not tell what it uses: {}", sandboxId, outcome.failure.getMessage());
        if (outcome.endedNanos - outcome.askedNanos >= SLOW_NANOS) {
          kept = outcome;
        }
      }
      refreshLater(outcome);
    }
    answer.complete(outcome);
  }

  private void refreshLater(Outcome outcome) {
    double part = ThreadLocalRandom.current().nextDouble(EARLIEST, LATEST);
    long from = outcome.failed() ? outcome.endedNanos : outcome.askedNanos;
    refreshDueNanos = from + (long) (maxAge.toNanos() * part);
    refreshing = !closed && maxAge.isPositive();
    if (refreshing && !timerRuns) {
      startTimer();
    }
  }

  private void startTimer() {
    timerRuns = true;
    timer.after(Duration.ofNanos(Math.max(0, refreshDueNanos - timer.nanoTime())), this::refresh);
  }

  private synchronized void refresh() {
    timerRuns = false;
    long now = timer.nanoTime();
    if (closed || !running.getAsBoolean() || now - lastCallerNanos > AGES_ASKED_FOR * maxAge.toNanos()) {
      refreshing = false;
    } else if (now < refreshDueNanos) {
      startTimer();
    } else if (underWay == null) {
      begin(Set.of());
    }
    // Where a question is under way, its end starts the timer.
  }

  /** Asks no more by itself. */
  synchronized void close() {
    closed = true;
  }
}
