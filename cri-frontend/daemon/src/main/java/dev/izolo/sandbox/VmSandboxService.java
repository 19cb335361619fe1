package dev.izolo.sandbox;

import dev.izolo.cri.v1.PodSandbox;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxFilter;
import dev.izolo.cri.v1.PodSandboxMetadata;
import dev.izolo.cri.v1.PodSandboxStats;
import dev.izolo.cri.v1.PodSandboxStatsFilter;
import dev.izolo.cri.v1.PodSandboxStatusResponse;
import dev.izolo.network.PodNetworks;
import dev.izolo.state.CriException;
import dev.izolo.state.NameReservations;
import dev.izolo.state.RecordStore;
import dev.izolo.state.RunStep;
import dev.izolo.vm.Vm;
import dev.izolo.vm.Vmm;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sandboxes that are VMs. {@link #recover} is called once, before anything else. */
public final class VmSandboxService implements SandboxService, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(VmSandboxService.class);
  private static final Comparator<PodSandbox> NEWEST_FIRST =
      Comparator.comparingLong(PodSandbox::getCreatedAt).reversed();

  private final SandboxRegistry registry;
  private final PodContainers containers;
  private final Reaper reaper = new Reaper();
  private final NameReservations names = new NameReservations("pod sandbox");
  private final SandboxStatistics statistics;
  private final SandboxEnd end;
  private final SandboxStart start;
  private final SandboxRecovery recovery;
  private final WarmStart warmStart;
  private volatile boolean closed;

  /**
   * @param registry shared with the containers' keeper
   * @param hostSize the most that one VM may have
   * @param warm what is made ahead of need, once {@link #startWarm} is called
   */
  public VmSandboxService(
      RecordStore store,
      SandboxRegistry registry,
      PodContainers containers,
      Vmm vmm,
      PodNetworks networks,
      PodCgroups cgroups,
      PodSettings settings,
      VmSize hostSize,
      WarmSettings warm) {
    this.registry = registry;
    this.containers = containers;
    this.statistics =
        new SandboxStatistics(containers, new UsageSamples(settings.statsMaxAge(), containers::running));
    var parts = new SandboxParts(vmm, networks, cgroups, store, settings.runDir());
    this.end = new SandboxEnd(parts, containers, reaper);
    VmSource vms = new TemplateStart(vmm, settings.handlers(), new ColdBoot(vmm, networks, List.of()));
    var spares = new SpareSandboxes(store, parts, networks, vmm, vms, end, settings);
    var activity = new Activity();
    this.warmStart = new WarmStart(vmm, settings.handlers(), warm, spares, activity, HostMemory::read);
    this.start =
        new SandboxStart(
            store, parts, vms, networks, containers, settings, hostSize, end, warmStart, activity);
    this.recovery = new SandboxRecovery(store, vmm, networks, containers, end, reaper, settings);
  }

  /** Finds what a former daemon left: takes over sandboxes that run, finishes or undoes what was half-done. */
  public void recover() throws CriException, InterruptedException {
    for (Sandbox sandbox : recovery.load()) {
      registry.add(sandbox);
      names.restore(name(sandbox.config()), sandbox.id());
    }
    recovery.settle(registry.all(), this::watch, this::forget);
  }

  /** Begins to make templates and waiting sandboxes in the background. */
  public void startWarm() {
    warmStart.start();
  }

  public WarmStatus warmStatus() {
    return warmStart.status();
  }

  private static String name(PodSandboxConfig config) {
    PodSandboxMetadata m = config.getMetadata();
    return m.getName() + "_" + m.getNamespace() + "_" + m.getUid() + "_" + m.getAttempt();
  }

  @Override
  public String run(PodSandboxConfig config, String runtimeHandler) throws CriException, InterruptedException {
    SandboxPolicy.check(config);
    return names.makeOrJoin(
        name(config),
        () -> {
          Sandbox sandbox = start.start(config, runtimeHandler);
          registry.add(sandbox);
          watch(sandbox);
          return sandbox.id();
        });
  }

  private void watch(Sandbox sandbox) {
    try {
      Vm vm = sandbox.vm();
      vm.exited().thenAccept(exit -> Thread.ofVirtual().name("vm-exit").start(() -> vmEnded(sandbox, vm, exit)));
    } catch (CriException e) {
      log.debug("sandbox={} has no VM to watch", sandbox.id());
    }
  }

  private void vmEnded(Sandbox sandbox, Vm vm, Vm.VmExit exit) {
    if (closed) {
      return;
    }
    try {
      boolean unexpected =
          sandbox.updateIf(
              r -> r.step() == RunStep.READY,
              r -> r.at(RunStep.VM_GONE).withMessage("its VM ended: " + exit.reason()));
      if (unexpected) {
        log.warn("sandbox={} VM ended: {}; {}", sandbox.id(), exit.reason(), vm.lastWords());
        containers.vmGone(sandbox, "the sandbox's VM ended: " + exit.reason());
      }
    } catch (CriException e) {
      log.error("sandbox={} cannot record that its VM ended", sandbox.id(), e);
    }
  }

  @Override
  public void stop(String id) throws CriException, InterruptedException {
    Optional<Sandbox> sandbox = registry.find(id);
    if (sandbox.isPresent()) {
      end.stop(sandbox.get());
    }
  }

  @Override
  public void remove(String id) throws CriException, InterruptedException {
    Optional<Sandbox> sandbox = registry.find(id);
    if (sandbox.isPresent()) {
      end.remove(sandbox.get(), () -> forget(sandbox.get()));
    }
  }

  private void forget(Sandbox sandbox) {
    registry.remove(sandbox);
    sandbox.usage().close();
    names.release(name(sandbox.config()));
  }

  @Override
  public PodSandboxStatusResponse status(String id, boolean verbose) throws CriException {
    Sandbox sandbox = registry.get(id);
    var response =
        PodSandboxStatusResponse.newBuilder()
            .setStatus(SandboxViews.status(sandbox))
            .addAllContainersStatuses(containers.statuses(sandbox.id()))
            .setTimestamp(System.currentTimeMillis() * 1_000_000L);
    if (verbose) {
      response.putAllInfo(SandboxViews.info(sandbox));
    }
    return response.build();
  }

  @Override
  public List<PodSandbox> list(PodSandboxFilter filter) {
    Predicate<Sandbox> matches = SandboxViews.matching(filter);
    var matching = new ArrayList<PodSandbox>();
    for (Sandbox sandbox : registry.all()) {
      if (matches.test(sandbox)) {
        matching.add(sandbox.listed());
      }
    }
    matching.sort(NEWEST_FIRST);
    return matching;
  }

  @Override
  public PodSandboxStats stats(String id) throws CriException, InterruptedException {
    return statistics.of(registry.get(id));
  }

  @Override
  public List<PodSandboxStats> stats(PodSandboxStatsFilter filter) throws CriException, InterruptedException {
    return statistics.of(
        registry.all().stream()
            .filter(sandbox -> sandbox.id().startsWith(filter.getId()))
            .filter(sandbox -> SandboxViews.hasLabels(sandbox.config().getLabelsMap(), filter.getLabelSelectorMap()))
            .toList());
  }

  /** Ends the background work and gives back sandboxes that wait for pods; those of pods run on. */
  @Override
  public void close() {
    warmStart.close();
    closed = true;
    registry.all().forEach(sandbox -> sandbox.usage().close());
    reaper.close();
  }
}
