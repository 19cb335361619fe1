package dev.izolo.container;

import dev.izolo.container.spec.Signals;
import dev.izolo.cri.v1.ContainerStats;
import dev.izolo.cri.v1.ContainerStatus;
import dev.izolo.image.Image;
import dev.izolo.image.ImageException;
import dev.izolo.image.ImageService.LayerLease;
import dev.izolo.image.ImageService;
import dev.izolo.lifecycle.Concurrently;
import dev.izolo.sandbox.PodContainers;
import dev.izolo.sandbox.Sandbox;
import dev.izolo.sandbox.UsageSample;
import dev.izolo.state.ContainerRecord;
import dev.izolo.state.ContainerStep;
import dev.izolo.state.CriException;
import dev.izolo.state.RecordStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The containers of a sandbox, taken together: after a restart, at the VM's end, at the sandbox's stop and removal. */
final class SandboxContainers implements PodContainers {
  private static final Logger log = LoggerFactory.getLogger(SandboxContainers.class);
  private static final Duration FIRST_AGREEMENT = Duration.ofSeconds(20);
  private static final Duration KILL = Duration.ofSeconds(10);

  /** Forgets a container and its name. */
  @FunctionalInterface
  interface Removal {
    void remove(ContainerUnit unit) throws CriException, InterruptedException;
  }

  private final RecordStore store;
  private final ImageService images;
  private final ContainerRegistry registry;
  private final ContainerLife life;
  private final ContainerEnd end;
  private final ContainerStatistics statistics;
  private final Removal removal;
  private final Consumer<ContainerUnit> restoreName;
  private final Map<String, SandboxSession> sessions = new ConcurrentHashMap<>();

  SandboxContainers(
      RecordStore store,
      ImageService images,
      ContainerRegistry registry,
      ContainerLife life,
      ContainerEnd end,
      ContainerStatistics statistics,
      Removal removal,
      Consumer<ContainerUnit> restoreName) {
    this.store = store;
    this.images = images;
    this.registry = registry;
    this.life = life;
    this.end = end;
    this.statistics = statistics;
    this.removal = removal;
    this.restoreName = restoreName;
  }

  @Override
  public void load(Sandbox sandbox, List<ContainerRecord> records) throws CriException {
    for (ContainerRecord record : records) {
      var unit = new ContainerUnit(store, sandbox, record, lease(record));
      registry.add(unit);
      sandbox.disks().restore(record.id(), record.diffIds());
      if (record.step().announced()) {
        restoreName.accept(unit);
      }
    }
  }

  private Optional<LayerLease> lease(ContainerRecord record) {
    try {
      Optional<Image> image = images.find(record.imageId());
      return image.isPresent() ? Optional.of(images.lease(image.get())) : Optional.empty();
    } catch (ImageException e) {
      log.warn("container={} its image {} cannot be held: {}", record.id(), record.imageId(), e.toString());
      return Optional.empty();
    }
  }

  @Override
  public void connected(Sandbox sandbox) throws CriException, InterruptedException {
    var session = new SandboxSession(sandbox, registry, life);
    sessions.put(sandbox.id(), session);
    session.start();
    sandbox.vm().exited().thenRun(() -> sessions.remove(sandbox.id(), session));
    if (registry.allOf(sandbox.id()).isEmpty()) {
      return;
    }
    if (!session.awaitAgreed(FIRST_AGREEMENT)) {
      log.warn("sandbox={} its agent does not answer yet; its containers are as the records have them", sandbox.id());
    }
    finishHalfDone(sandbox);
  }

  private void finishHalfDone(Sandbox sandbox) throws InterruptedException {
    for (ContainerUnit unit : registry.allOf(sandbox.id())) {
      switch (unit.step()) {
        case CREATING -> end.undo(unit);
        case REMOVING -> {
          try {
            removal.remove(unit);
          } catch (CriException e) {
            log.warn("container={} cannot be removed yet: {}", unit.id(), e.getMessage());
          }
        }
        case CREATED, STARTING, RUNNING, EXITED -> { }
      }
    }
  }

  @Override
  public void vmGone(Sandbox sandbox, String reason) throws CriException {
    for (ContainerUnit unit : registry.allOf(sandbox.id())) {
      life.lost(unit, ContainerLife.KILLED, "VMExited", reason);
    }
  }

  @Override
  public void stopAll(Sandbox sandbox) throws CriException, InterruptedException {
    var tasks = new ArrayList<Callable<Optional<Void>>>();
    for (ContainerUnit unit : registry.allOf(sandbox.id())) {
      tasks.add(
          () -> {
            kill(unit);
            return Optional.empty();
          });
    }
    Concurrently.answers(tasks);
    for (ContainerUnit unit : registry.allOf(sandbox.id())) {
      life.lost(unit, ContainerLife.KILLED, "Error", "ended with its sandbox");
    }
  }

  private static void kill(ContainerUnit unit) throws InterruptedException {
    if (unit.step() != ContainerStep.RUNNING || !unit.sandbox().hasVm()) {
      return;
    }
    try {
      unit.sandbox().agent().signal(unit.id(), Signals.SIGKILL, true);
      if (!unit.awaitEnd(KILL)) {
        log.warn("container={} did not end by SIGKILL: it ends with its VM", unit.id());
      }
    } catch (CriException e) {
      log.warn("container={} cannot be killed, it ends with its VM: {}", unit.id(), e.getMessage());
    }
  }

  @Override
  public void removeAll(Sandbox sandbox) throws CriException, InterruptedException {
    for (ContainerUnit unit : registry.allOf(sandbox.id())) {
      removal.remove(unit);
    }
  }

  @Override
  public List<ContainerStatus> statuses(String sandboxId) {
    return registry.allOf(sandboxId).stream()
        .filter(unit -> unit.step().announced())
        .map(ContainerViews::status)
        .toList();
  }

  @Override
  public Set<String> running(Sandbox sandbox) {
    return statistics.running(sandbox);
  }

  @Override
  public List<ContainerStats> stats(Sandbox sandbox, UsageSample sample) {
    return statistics.of(sandbox, sample);
  }

  /** The daemon ends: no more is written, and what is not written stays with the agents. */
  void close() {
    sessions.values().forEach(SandboxSession::close);
    for (ContainerUnit unit : registry.all()) {
      unit.lock().lock();
      try {
        unit.output().close();
      } finally {
        unit.lock().unlock();
      }
    }
  }
}
