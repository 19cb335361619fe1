package dev.izolo.container;

import dev.izolo.agentclient.ExecResult;
import dev.izolo.container.spec.ResourceSpec;
import dev.izolo.cri.v1.Container;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.ContainerEventType;
import dev.izolo.cri.v1.ContainerFilter;
import dev.izolo.cri.v1.ContainerStats;
import dev.izolo.cri.v1.ContainerStatsFilter;
import dev.izolo.cri.v1.ContainerStatus;
import dev.izolo.cri.v1.ContainerStatusResponse;
import dev.izolo.cri.v1.ExecSyncResponse;
import dev.izolo.cri.v1.LinuxContainerResources;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.image.ImageService;
import dev.izolo.sandbox.PodContainers;
import dev.izolo.sandbox.PodSettings;
import dev.izolo.sandbox.Reaper;
import dev.izolo.sandbox.Sandbox;
import dev.izolo.sandbox.SandboxRegistry;
import dev.izolo.sandbox.SandboxViews;
import dev.izolo.state.ContainerRecord;
import dev.izolo.state.ContainerStep;
import dev.izolo.state.CriException;
import dev.izolo.state.EventBus;
import dev.izolo.state.NameReservations;
import dev.izolo.state.RecordStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.function.Predicate;

/** Containers in sandboxes' VMs. Also what sandboxes need of their containers ({@link #podContainers}). */
public final class VmContainerService implements ContainerService, AutoCloseable {
  /** What an ExecSync keeps of each stream. */
  private static final int MAX_EXEC_OUTPUT = 16 << 20;

  private final SandboxRegistry sandboxes;
  private final ContainerRegistry registry = new ContainerRegistry();
  private final NameReservations names = new NameReservations("container");
  private final Reaper reaper = new Reaper();
  private final Announcer announcer;
  private final ContainerLife life;
  private final ContainerEnd end;
  private final ContainerCreate creation;
  private final ContainerStatistics statistics;
  private final SandboxContainers ofSandboxes;

  /** @param sandboxes shared with the sandboxes' keeper */
  public VmContainerService(
      RecordStore store, SandboxRegistry sandboxes, ImageService images, EventBus events, PodSettings settings) {
    this.sandboxes = sandboxes;
    this.announcer = new Announcer(events, registry);
    this.life = new ContainerLife(announcer);
    this.end = new ContainerEnd(store, registry, reaper);
    var scratch = new ScratchDisks(settings.stateDir(), settings.scratchBytes());
    this.creation = new ContainerCreate(store, registry, images, scratch, end, settings);
    this.statistics = new ContainerStatistics(registry, settings.stateDir(), settings.statsMaxAge());
    this.ofSandboxes = new SandboxContainers(store, images, registry, life, end, statistics, this::removeUnit, this::restoreName);
  }

  public PodContainers podContainers() {
    return ofSandboxes;
  }

  private static String name(Sandbox sandbox, ContainerConfig config) {
    return config.getMetadata().getName() + "_" + sandbox.id() + "_" + config.getMetadata().getAttempt();
  }

  private void restoreName(ContainerUnit unit) {
    names.restore(name(unit.sandbox(), unit.config()), unit.id());
  }

  @Override
  public String create(String sandboxId, ContainerConfig config, PodSandboxConfig sandboxConfig)
      throws CriException, InterruptedException {
    Sandbox sandbox = sandboxes.get(sandboxId);
    sandbox.requireReady();
    ContainerPolicy.check(config, sandbox);
    return names.makeOrJoin(
        name(sandbox, config),
        () -> {
          Lock stays = sandbox.lifecycle().readLock();
          stays.lockInterruptibly();
          try {
            sandbox.requireReady();
            ContainerUnit unit = creation.create(sandbox, config);
            announcer.announce(unit, ContainerEventType.CONTAINER_CREATED_EVENT);
            return unit.id();
          } finally {
            stays.unlock();
          }
        });
  }

  @Override
  public void start(String id) throws CriException, InterruptedException {
    life.start(registry.get(id));
  }

  @Override
  public void stop(String id, Duration timeout) throws CriException, InterruptedException {
    Optional<ContainerUnit> unit = registry.find(id);
    if (unit.isPresent()) {
      life.stop(unit.get(), timeout);
    }
  }

  @Override
  public void remove(String id) throws CriException, InterruptedException {
    Optional<ContainerUnit> unit = registry.find(id);
    if (unit.isPresent()) {
      removeUnit(unit.get());
    }
  }

  private void removeUnit(ContainerUnit unit) throws CriException, InterruptedException {
    life.stop(unit, Duration.ZERO);
    unit.lock().lockInterruptibly();
    try {
      if (registry.allOf(unit.sandbox().id()).stream().noneMatch(other -> other == unit)) {
        return;
      }
      end.remove(unit);
    } finally {
      unit.lock().unlock();
    }
    names.release(name(unit.sandbox(), unit.config()));
    announcer.announce(unit, ContainerEventType.CONTAINER_DELETED_EVENT);
  }

  @Override
  public ContainerStatusResponse status(String id, boolean verbose) throws CriException {
    ContainerUnit unit = registry.get(id);
    ContainerStatus status = ContainerViews.status(unit);
    var response = ContainerStatusResponse.newBuilder().setStatus(status);
    if (verbose) {
      response.putAllInfo(ContainerViews.info(unit));
    }
    return response.build();
  }

  @Override
  public List<Container> list(ContainerFilter filter) {
    Predicate<ContainerUnit> matches = ContainerViews.matching(filter);
    var matching = new ArrayList<Container>();
    for (ContainerUnit unit : registry.announced()) {
      if (matches.test(unit)) {
        matching.add(unit.listed());
      }
    }
    return matching;
  }

  private ContainerUnit running(String id) throws CriException {
    ContainerUnit unit = registry.get(id);
    if (unit.step() != ContainerStep.RUNNING) {
      throw new CriException.FailedPrecondition(
          "container " + unit.id() + " is in state " + ContainerViews.state(unit) + ", not running", null);
    }
    return unit;
  }

  @Override
  public ExecSyncResponse execSync(String id, List<String> command, Duration timeout)
      throws CriException, InterruptedException {
    ContainerUnit unit = running(id);
    if (command.isEmpty()) {
      throw new CriException.InvalidArgument("ExecSync: cmd is empty");
    }
    ExecResult result = unit.sandbox().agent().execSync(unit.id(), command, timeout, MAX_EXEC_OUTPUT);
    if (result.timedOut()) {
      throw new CriException.DeadlineExceeded(
          "command " + command + " did not end within its timeout of " + timeout.toSeconds() + " s and was killed");
    }
    return ExecSyncResponse.newBuilder()
        .setStdout(result.stdout())
        .setStderr(result.stderr())
        .setExitCode(result.exitCode())
        .build();
  }

  @Override
  public ContainerStats stats(String id) throws CriException, InterruptedException {
    return statistics.of(registry.get(id));
  }

  @Override
  public List<ContainerStats> stats(ContainerStatsFilter filter) throws CriException, InterruptedException {
    return statistics.of(
        registry.announced().stream()
            .filter(unit -> unit.id().startsWith(filter.getId()))
            .filter(unit -> unit.sandbox().id().startsWith(filter.getPodSandboxId()))
            .filter(unit -> SandboxViews.hasLabels(unit.config().getLabelsMap(), filter.getLabelSelectorMap()))
            .toList());
  }

  @Override
  public void reopenLog(String id) throws CriException, InterruptedException {
    ContainerUnit unit = running(id);
    unit.lock().lockInterruptibly();
    try {
      unit.output().reopen();
    } finally {
      unit.lock().unlock();
    }
  }

  @Override
  public void update(String id, LinuxContainerResources resources) throws CriException, InterruptedException {
    ContainerUnit unit = running(id);
    unit.lock().lockInterruptibly();
    try {
      LinuxContainerResources merged = ResourceSpec.merge(unit.resources(), resources);
      unit.sandbox().agent().update(unit.id(), ResourceSpec.of(merged).toString());
      unit.update((ContainerRecord record) -> record.withResources(merged.toByteArray()));
    } finally {
      unit.lock().unlock();
    }
  }

  /** Ends the background work; containers run on. */
  @Override
  public void close() {
    reaper.close();
    ofSandboxes.close();
  }
}
