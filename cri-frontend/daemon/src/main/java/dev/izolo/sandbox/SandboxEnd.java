package dev.izolo.sandbox;

import dev.izolo.state.CriException;
import dev.izolo.state.RunStep;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Lock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stops, removes and undoes sandboxes. What cannot be given back stays recorded and is tried again by the reaper. */
final class SandboxEnd {
  private static final Logger log = LoggerFactory.getLogger(SandboxEnd.class);

  private final SandboxParts parts;
  private final PodContainers containers;
  private final Reaper reaper;

  SandboxEnd(SandboxParts parts, PodContainers containers, Reaper reaper) {
    this.parts = parts;
    this.containers = containers;
    this.reaper = reaper;
  }

  @FunctionalInterface
  private interface Effect {
    void run() throws Exception;
  }

  /** Every effect is tried, whether or not the one before failed; the first failure is what is thrown. */
  private static final class Effects {
    private final String operation;
    private final List<CriException> failures = new ArrayList<>();

    Effects(String operation) {
      this.operation = operation;
    }

    void attempt(String phase, Effect effect) throws InterruptedException {
      try {
        effect.run();
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        log.warn("{}: {}: {}", operation, phase, e.toString());
        failures.add(new CriException.PhaseFailed(operation, phase, e));
      }
    }

    void throwFirst() throws CriException {
      if (!failures.isEmpty()) {
        CriException first = failures.getFirst();
        failures.stream().skip(1).forEach(first::addSuppressed);
        throw first;
      }
    }
  }

  void stop(Sandbox sandbox) throws CriException, InterruptedException {
    Lock lock = sandbox.lifecycle().writeLock();
    lock.lockInterruptibly();
    try {
      stopLocked(sandbox);
    } finally {
      lock.unlock();
    }
  }

  private void stopLocked(Sandbox sandbox) throws CriException, InterruptedException {
    RunStep step = sandbox.record().step();
    if (step == RunStep.STOPPED || step == RunStep.REMOVING) {
      return;
    }
    sandbox.update(r -> r.at(RunStep.STOPPING));
    var effects = new Effects("StopPodSandbox " + sandbox.id());
    effects.attempt("containers", () -> containers.stopAll(sandbox));
    giveBack(sandbox, effects);
    try {
      effects.throwFirst();
    } catch (CriException e) {
      reaper.retry("stop sandbox " + sandbox.id(), () -> stop(sandbox));
      throw e;
    }
    sandbox.update(r -> r.at(RunStep.STOPPED));
    log.info("sandbox={} stopped", sandbox.id());
  }

  private void giveBack(Sandbox sandbox, Effects effects) throws InterruptedException {
    effects.attempt("VM", () -> parts.destroyVm(sandbox));
    effects.attempt("network", () -> parts.releaseNetwork(sandbox));
    effects.attempt("cgroup", () -> parts.removeCgroup(sandbox));
    effects.attempt("run directory", () -> parts.deleteVmDirectory(sandbox.id()));
  }

  /** @param forget called when nothing is left, to free its name */
  void remove(Sandbox sandbox, Runnable forget) throws CriException, InterruptedException {
    Lock lock = sandbox.lifecycle().writeLock();
    lock.lockInterruptibly();
    try {
      stopLocked(sandbox);
      sandbox.update(r -> r.at(RunStep.REMOVING));
      containers.removeAll(sandbox);
      parts.deleteRecord(sandbox);
      forget.run();
      log.info("sandbox={} removed", sandbox.id());
    } finally {
      lock.unlock();
    }
  }

  /** Gives back all that a run that did not succeed has left, and forgets it; tried again until it works. */
  void undo(Sandbox sandbox) throws InterruptedException {
    reaper.run("undo sandbox " + sandbox.id(), () -> undoOnce(sandbox));
  }

  private void undoOnce(Sandbox sandbox) throws CriException, InterruptedException {
    sandbox.update(r -> r.at(RunStep.UNDOING));
    var effects = new Effects("undoing RunPodSandbox " + sandbox.id());
    giveBack(sandbox, effects);
    effects.throwFirst();
    parts.deleteRecord(sandbox);
  }
}
