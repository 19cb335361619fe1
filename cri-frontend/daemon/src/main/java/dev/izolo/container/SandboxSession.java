package dev.izolo.container;

import dev.izolo.agentclient.AgentClient;
import dev.izolo.agentclient.ContainerExit;
import dev.izolo.agentclient.ExitWatch;
import dev.izolo.agentclient.GuestContainer;
import dev.izolo.sandbox.Sandbox;
import dev.izolo.state.ContainerStep;
import dev.izolo.state.CriException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens to one sandbox's agent for as long as the VM runs. Each time it connects it first makes the records agree with
 * what the guest has, having opened the watch before, so that no exit falls between.
 */
final class SandboxSession {
  private static final Logger log = LoggerFactory.getLogger(SandboxSession.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final Sandbox sandbox;
  private final ContainerRegistry registry;
  private final ContainerLife life;
  private final CountDownLatch agreed = new CountDownLatch(1);
  private volatile boolean closed;
  private volatile ExitWatch watch;
  private volatile Thread thread;

  SandboxSession(Sandbox sandbox, ContainerRegistry registry, ContainerLife life) {
    this.sandbox = sandbox;
    this.registry = registry;
    this.life = life;
  }

  void start() {
    thread = Thread.ofVirtual().name("session-" + sandbox.id().substring(0, 12)).start(this::run);
  }

  /** Whether records and guest agreed within the time. */
  boolean awaitAgreed(Duration limit) throws InterruptedException {
    return agreed.await(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** The daemon ends; the sandbox runs on. */
  void close() {
    closed = true;
    thread.interrupt();
    ExitWatch current = watch;
    if (current != null) {
      current.close();
    }
  }

  private void run() {
    Duration pause = FIRST_PAUSE;
    try {
      while (!closed && sandbox.hasVm()) {
        try {
          AgentClient agent = sandbox.agent();
          try (ExitWatch opened = agent.watchExits()) {
            watch = opened;
            agree(agent);
            agreed.countDown();
            pause = FIRST_PAUSE;
            listen(opened);
          }
        } catch (CriException e) {
          log.debug("sandbox={} lost its agent, will connect again: {}", sandbox.id(), e.getMessage());
        }
        pause = pauseUnlessEnded(pause);
      }
    } catch (InterruptedException e) {
      log.debug("sandbox={} session ended", sandbox.id());
    }
  }

  private void listen(ExitWatch opened) throws CriException, InterruptedException {
    while (!closed) {
      ContainerExit exit = opened.next();
      registry.find(exit.containerId())
          .filter(unit -> unit.sandbox() == sandbox)
          .ifPresent(unit -> Thread.ofVirtual().name("exit").start(() -> handle(unit, exit)));
    }
  }

  private void handle(ContainerUnit unit, ContainerExit exit) {
    try {
      life.exited(unit, exit);
    } catch (CriException e) {
      log.error("container={} its end cannot be recorded", unit.id(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void agree(AgentClient agent) throws CriException, InterruptedException {
    Map<String, GuestContainer> guest = new HashMap<>();
    for (GuestContainer container : agent.list()) {
      guest.put(container.id(), container);
    }
    for (ContainerUnit unit : registry.allOf(sandbox.id())) {
      ContainerStep step = unit.step();
      GuestContainer found = guest.remove(unit.id());
      boolean begun = found != null && found.phase() != GuestContainer.Phase.CREATED;
      if (step == ContainerStep.RUNNING && !begun) {
        life.vanished(unit);
      } else if (step == ContainerStep.RUNNING || (step == ContainerStep.STARTING && begun)) {
        life.resume(unit);
      } else if (step == ContainerStep.STARTING) {
        life.notStarted(unit);
      }
    }
    for (String stray : guest.keySet()) {
      log.info("sandbox={} container={} is known to the guest alone: removed", sandbox.id(), stray);
      agent.remove(stray);
    }
  }

  private Duration pauseUnlessEnded(Duration pause) throws InterruptedException {
    if (!sandbox.hasVm()) {
      return pause;
    }
    try {
      sandbox.vm().exited().get(pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      log.trace("sandbox={} its VM still runs", sandbox.id());
    } catch (ExecutionException | CriException e) {
      log.debug("sandbox={} cannot tell whether its VM runs: {}", sandbox.id(), e.toString());
    }
    return pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
  }
}
