package dev.izolo.container;

import dev.izolo.agentclient.ContainerExit;
import dev.izolo.container.spec.Signals;
import dev.izolo.cri.v1.ContainerEventType;
import dev.izolo.state.ContainerRecord.Life;
import dev.izolo.state.ContainerStep;
import dev.izolo.state.CriException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts containers, ends them, and records how they ended. An exit is recorded and told only when the output is in the
 * log, or has had its time.
 */
final class ContainerLife {
  private static final Logger log = LoggerFactory.getLogger(ContainerLife.class);
  private static final Duration DRAIN = Duration.ofSeconds(10);
  private static final Duration KILL = Duration.ofSeconds(30);
  static final int KILLED = 128 + Signals.SIGKILL;
  private static final int START_FAILED = 128;
  private static final int UNKNOWN = 255;

  private final Announcer announcer;

  ContainerLife(Announcer announcer) {
    this.announcer = announcer;
  }

  void start(ContainerUnit unit) throws CriException, InterruptedException {
    unit.lock().lockInterruptibly();
    try {
      if (unit.step() != ContainerStep.CREATED) {
        throw new CriException.FailedPrecondition(
            "container " + unit.id() + " is in state " + ContainerViews.state(unit) + ": only a created one can start",
            null);
      }
      unit.sandbox().requireReady();
      unit.output().open();
      unit.update(record -> record.at(ContainerStep.STARTING));
      try (var _ = unit.timeline().phase("start")) {
        unit.sandbox().agent().start(unit.id());
      }
      running(unit);
    } catch (CriException | InterruptedException e) {
      if (unit.step() == ContainerStep.STARTING) {
        startFailed(unit, e);
      }
      throw e;
    } finally {
      unit.lock().unlock();
    }
    announcer.announce(unit, ContainerEventType.CONTAINER_STARTED_EVENT);
  }

  private void running(ContainerUnit unit) throws CriException {
    unit.update(
        record ->
            record.at(ContainerStep.RUNNING).withLife(record.life().started(now())).withTimeline(unit.phases()));
    unit.output().start(unit.sandbox().agent());
  }

  private void startFailed(ContainerUnit unit, Exception why) throws CriException {
    if (!(why instanceof CriException.FailedPrecondition) && unit.sandbox().hasVm()) {
      killAsWell(unit);
    }
    unit.output().close();
    unit.update(
        record ->
            record
                .at(ContainerStep.EXITED)
                .withLife(record.life().ended(now(), START_FAILED, "StartError", String.valueOf(why.getMessage()))));
    announcer.announce(unit, ContainerEventType.CONTAINER_STOPPED_EVENT);
  }

  /** Whether it runs is not known: nobody answered. It must not run on as an exited one. */
  private void killAsWell(ContainerUnit unit) {
    boolean interrupted = Thread.interrupted();
    try {
      unit.sandbox().agent().signal(unit.id(), Signals.SIGKILL, true);
    } catch (CriException e) {
      log.warn("container={} may run after a start that failed: {}", unit.id(), e.getMessage());
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** @param timeout between the stop signal and SIGKILL; zero for SIGKILL at once */
  void stop(ContainerUnit unit, Duration timeout) throws CriException, InterruptedException {
    if (!isRunning(unit)) {
      return;
    }
    if (!unit.sandbox().hasVm()) {
      lost(unit, KILLED, "VMExited", "the sandbox's VM is gone");
      return;
    }
    if (timeout.isPositive()) {
      signal(unit, unit.record().stopSignal(), false);
      if (unit.awaitEnd(timeout)) {
        return;
      }
    }
    signal(unit, Signals.SIGKILL, true);
    if (!unit.awaitEnd(KILL)) {
      throw new CriException.Unavailable(
          "container " + unit.id() + " did not end within " + KILL.toSeconds() + " s of SIGKILL", null);
    }
  }

  /** After a start that is under way. */
  private static boolean isRunning(ContainerUnit unit) throws InterruptedException {
    unit.lock().lockInterruptibly();
    try {
      return unit.step() == ContainerStep.RUNNING;
    } finally {
      unit.lock().unlock();
    }
  }

  private static void signal(ContainerUnit unit, int signal, boolean all) throws CriException, InterruptedException {
    try {
      unit.sandbox().agent().signal(unit.id(), signal, all);
    } catch (CriException e) {
      if (unit.sandbox().hasVm()) {
        throw e;
      }
      log.debug("container={} its VM ended before signal {}", unit.id(), signal);
    }
  }

  /** Its first process has ended, as the guest says. Called from a thread that may wait. */
  void exited(ContainerUnit unit, ContainerExit exit) throws CriException, InterruptedException {
    CompletableFuture<Void> drained;
    unit.lock().lock();
    try {
      if (unit.step() != ContainerStep.RUNNING) {
        return;
      }
      drained = unit.output().drained();
    } finally {
      unit.lock().unlock();
    }
    ContainerOutput.await(drained, unit.id(), DRAIN);
    String reason = exit.oomKilled() ? "OOMKilled" : exit.exitCode() == 0 ? "Completed" : "Error";
    long at = Math.min(now(), exit.exitedAtNanos());
    end(unit, at, exit.exitCode(), reason, "");
  }

  /** It ended with its VM, or by force, without a word from the guest. */
  void lost(ContainerUnit unit, int exitCode, String reason, String message) throws CriException {
    end(unit, now(), exitCode, reason, message);
  }

  /** The guest does not know it any more. */
  void vanished(ContainerUnit unit) throws CriException {
    end(unit, now(), UNKNOWN, "Unknown", "the sandbox's agent does not know this container any more");
  }

  private void end(ContainerUnit unit, long at, int exitCode, String reason, String message) throws CriException {
    unit.lock().lock();
    try {
      if (unit.step() != ContainerStep.RUNNING && unit.step() != ContainerStep.STARTING) {
        return;
      }
      unit.output().close();
      unit.update(
          record -> {
            Life ended = record.life().ended(at, exitCode, reason, message);
            return record.at(ContainerStep.EXITED).withLife(ended).withTimeline(unit.phases());
          });
    } finally {
      unit.lock().unlock();
    }
    log.info("container={} ended: code={} reason={}", unit.id(), exitCode, reason);
    announcer.announce(unit, ContainerEventType.CONTAINER_STOPPED_EVENT);
  }

  /** After a restart: the guest runs it, or has seen it end; output goes on where the log ends. */
  void resume(ContainerUnit unit) throws CriException {
    unit.lock().lock();
    try {
      if (unit.step() == ContainerStep.STARTING || unit.step() == ContainerStep.RUNNING) {
        unit.output().open();
        if (unit.step() == ContainerStep.STARTING) {
          running(unit);
        } else {
          unit.output().start(unit.sandbox().agent());
        }
      }
    } finally {
      unit.lock().unlock();
    }
  }

  /** After a restart: the guest has never begun to start it. */
  void notStarted(ContainerUnit unit) throws CriException {
    unit.lock().lock();
    try {
      if (unit.step() == ContainerStep.STARTING) {
        unit.update(record -> record.at(ContainerStep.CREATED));
      }
    } finally {
      unit.lock().unlock();
    }
  }

  private static long now() {
    return System.currentTimeMillis() * 1_000_000L;
  }
}
