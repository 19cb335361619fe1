package dev.izolo.sandbox;

import dev.izolo.agentclient.AgentStart;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxMetadata;
import dev.izolo.lifecycle.Concurrently;
import dev.izolo.lifecycle.Rollback;
import dev.izolo.lifecycle.Timeline;
import dev.izolo.network.PodNetworks.Attachment;
import dev.izolo.network.PodNetworks.PodIdentity;
import dev.izolo.network.PodNetworks.PodNetwork;
import dev.izolo.network.PodNetworks.PortMapping;
import dev.izolo.network.PodNetworks;
import dev.izolo.state.CriException;
import dev.izolo.state.Ids;
import dev.izolo.state.PhaseRecord;
import dev.izolo.state.RecordStore;
import dev.izolo.state.RunStep;
import dev.izolo.state.SandboxRecord;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * RunPodSandbox, in the order a reader expects: record, directories, cgroup, network namespace, then the VM's start and
 * preparation beside CNI's work, then the agent's configuration. A sandbox that waited for its pod has all but the last
 * two. Each step is recorded before it begins; a failure or an interrupt undoes all of them in reverse, and the error
 * names the step.
 */
final class SandboxStart {
  private static final Logger log = LoggerFactory.getLogger(SandboxStart.class);

  private final RecordStore store;
  private final SandboxParts parts;
  private final VmSource vms;
  private final PodNetworks networks;
  private final PodContainers containers;
  private final GuestIdentity identity;
  private final PodSettings settings;
  private final VmSize hostSize;
  private final SandboxEnd end;
  private final WarmStart warm;
  private final Activity activity;

  SandboxStart(
      RecordStore store,
      SandboxParts parts,
      VmSource vms,
      PodNetworks networks,
      PodContainers containers,
      PodSettings settings,
      VmSize hostSize,
      SandboxEnd end,
      WarmStart warm,
      Activity activity) {
    this.store = store;
    this.parts = parts;
    this.vms = vms;
    this.networks = networks;
    this.containers = containers;
    this.identity = new GuestIdentity(settings.hostResolvConf());
    this.settings = settings;
    this.hostSize = hostSize;
    this.end = end;
    this.warm = warm;
    this.activity = activity;
  }

  /** A ready sandbox; or, when it throws, nothing. */
  Sandbox start(PodSandboxConfig config, String handlerName) throws CriException, InterruptedException {
    RuntimeHandler handler = settings.handlers().get(handlerName);
    if (handler == null) {
      throw new CriException.InvalidArgument(
          "no runtime handler \"" + handlerName + "\" is configured; there are " + settings.handlers().keySet());
    }
    try (var _ = activity.begin()) {
      Optional<Spare> spare = warm.claim(handler);
      if (spare.isPresent()) {
        try {
          return claimed(spare.get(), config, handlerName, handler);
        } catch (SpareFailed e) {
          log.warn("a waiting sandbox failed as its pod came, another is made: {}", e.getCause().getMessage());
        }
      }
      return fresh(config, handlerName, handler);
    }
  }

  private static long now() {
    return System.currentTimeMillis() * 1_000_000L;
  }

  private Sandbox fresh(PodSandboxConfig config, String handlerName, RuntimeHandler handler)
      throws CriException, InterruptedException {
    var timeline = new Timeline();
    var sandbox = new Sandbox(store, SandboxRecord.reserved(Ids.random(), handlerName, now(), config.toByteArray()));
    // One release does it all, since it works from the record: the same way as after a crash at this point.
    try (var rollback = new Rollback("RunPodSandbox " + sandbox.id())) {
      rollback.push("undo", () -> end.undo(sandbox));
      new Run(sandbox, handler, timeline).run();
      rollback.commit();
    }
    return sandbox;
  }

  private Sandbox claimed(Spare spare, PodSandboxConfig config, String handlerName, RuntimeHandler handler)
      throws CriException, InterruptedException, SpareFailed {
    var timeline = new Timeline();
    SandboxRecord record =
        spare.sandbox().record().claimed(RunStep.BOOTING, handlerName, now(), config.toByteArray());
    var sandbox = new Sandbox(store, record);
    sandbox.attach(spare.vm(), settings.agentTimeout());
    try (var rollback = new Rollback("RunPodSandbox " + sandbox.id())) {
      rollback.push("undo", () -> end.undo(sandbox));
      new Run(sandbox, handler, timeline).run(spare);
      rollback.commit();
    }
    return sandbox;
  }

  /** The VM of a sandbox that waited is of no use, which is not the pod's fault. */
  private static final class SpareFailed extends Exception {
    private static final long serialVersionUID = 1;

    SpareFailed(Exception cause) {
      super(cause);
    }
  }

  /** One run: the steps and what they hand to each other. */
  private final class Run {
    private final Sandbox sandbox;
    private final RuntimeHandler handler;
    private final Timeline timeline;
    private final String operation;

    Run(Sandbox sandbox, RuntimeHandler handler, Timeline timeline) {
      this.sandbox = sandbox;
      this.handler = handler;
      this.timeline = timeline;
      PodSandboxMetadata name = sandbox.config().getMetadata();
      this.operation = "RunPodSandbox " + name.getNamespace() + "/" + name.getName();
    }

    void run() throws CriException, InterruptedException {
      Path directory = phase("sandbox dir", this::record);
      List<Path> cgroup = phase("cgroup", () -> parts.makeCgroup(sandbox));
      VmSource.Claim claim = phase("network namespace", () -> claim(directory, cgroup));
      sandbox.note(r -> r.at(RunStep.BOOTING).withNetwork(claim.network().sandboxId()));
      // The plugins' work costs the VM's start nothing once that waits for the guest.
      var runs = new CountDownLatch(1);
      Attachment network = withNetwork("VM and network", claim.network(), runs, () -> boot(claim, runs));
      sandbox.note(r -> r.at(RunStep.CONFIGURING).withPodIps(network.podIps()));
      phase("configure", () -> configure(network));
      ready();
    }

    /** The rest for a sandbox that waited for its pod. */
    void run(Spare spare) throws CriException, InterruptedException, SpareFailed {
      phase("claim", () -> note());
      Attachment network;
      try {
        network = withNetwork("VM and network", spare.network(), new CountDownLatch(0), () -> become(spare));
      } catch (CriException e) {
        throw blame(spare, e);
      }
      sandbox.note(r -> r.at(RunStep.CONFIGURING).withPodIps(network.podIps()));
      try {
        phase("configure", () -> configure(network));
      } catch (CriException e) {
        throw blame(spare, e);
      }
      ready();
    }

    /** What the pod itself is to blame for would fail in another VM, too. */
    private CriException blame(Spare spare, CriException failure) throws SpareFailed {
      boolean guest =
          !spare.isUsable()
              || failure.getCause() instanceof VmException
              || failure.getCause() instanceof CriException.Unavailable
              || failure.getCause() instanceof CriException.DeadlineExceeded;
      if (guest) {
        throw new SpareFailed(failure);
      }
      return failure;
    }

    private Void note() throws CriException {
      sandbox.note(r -> r);
      return null;
    }

    private Void become(Spare spare) throws CriException, InterruptedException {
      phase(
          "cgroup",
          () -> {
            parts.moveToPodCgroup(sandbox, spare.vm().record());
            return null;
          });
      phase(
          "size",
          () -> {
            VmSize size = VmSize.of(sandbox.config().getLinux(), handler, hostSize);
            TemplateStart.grow(spare.vm(), spare.size(), size, timeline);
            return null;
          });
      return null;
    }

    private void ready() throws CriException, InterruptedException {
      phase(
          "record",
          () -> {
            sandbox.update(r -> r.at(RunStep.READY).withTimeline(PhaseRecord.of(timeline)));
            return null;
          });
      log.info("sandbox={} ready in {} ms: {}", sandbox.id(), timeline.elapsed().toMillis(), phases());
    }

    private String phases() {
      return timeline.phases().stream()
          .map(phase -> phase.name() + " " + phase.length().toMillis())
          .collect(Collectors.joining(", "));
    }

    private Path record() throws CriException {
      sandbox.note(r -> r);
      return parts.makeVmDirectory(sandbox.id());
    }

    private VmSource.Claim claim(Path directory, List<Path> cgroup) throws Exception {
      sandbox.note(r -> r.at(RunStep.NETWORK).withNetwork(sandbox.id()));
      VmSize size = VmSize.of(sandbox.config().getLinux(), handler, hostSize);
      return vms.claim(
          new VmSource.Request(sandbox.id(), sandbox.record().runtimeHandler(), size, directory, cgroup));
    }

    /** Work on the VM, and beside it, from a moment on, CNI's. */
    private Attachment withNetwork(String what, PodNetwork prepared, CountDownLatch from, Callable<?> vmWork)
        throws CriException, InterruptedException {
      try {
        List<Object> results =
            Concurrently.all(
                List.<Callable<Object>>of(
                    vmWork::call,
                    () -> {
                      from.await();
                      return phase("CNI", () -> attach(prepared));
                    }));
        return (Attachment) results.get(1);
      } catch (CriException | InterruptedException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new CriException.PhaseFailed(operation, what, e);
      }
    }

    private Vm boot(VmSource.Claim claim, CountDownLatch runs) throws CriException, InterruptedException {
      Vm vm =
          phase(
              "VM start",
              () -> {
                Vm started = claim.vm(timeline, runs::countDown);
                sandbox.attach(started, settings.agentTimeout());
                sandbox.note(r -> r.withVm(started.record()));
                return started;
              });
      long from = System.nanoTime();
      phase(
          "agent ready",
          () -> {
            claim.awaitAgent(vm, settings.bootTimeout());
            return vm;
          });
      if (claim.booted()) {
        phase("agent info", () -> tellGuestPhases(from));
      }
      phase(
          "prepare",
          () -> {
            sandbox.agent().prepare(identity.preparation(sandbox.id()));
            return null;
          });
      return vm;
    }

    /** Splits the wait for the agent by the guest's own clock, which cannot make it longer than it was. */
    private Void tellGuestPhases(long from) throws CriException, InterruptedException {
      long until = System.nanoTime();
      AgentStart start = sandbox.agent().startTimes();
      long agentStarted = from + Math.min(until - from, start.started().toNanos());
      timeline.add("kernel", from, agentStarted);
      timeline.add("agent start", agentStarted, from + Math.min(until - from, start.ready().toNanos()));
      return null;
    }

    private Attachment attach(PodNetwork network) throws Exception {
      PodSandboxConfig config = sandbox.config();
      PodSandboxMetadata name = config.getMetadata();
      List<PortMapping> ports =
          config.getPortMappingsList().stream()
              .filter(p -> p.getHostPort() > 0)
              .map(
                  p ->
                      new PortMapping(
                          p.getProtocol().name().toLowerCase(java.util.Locale.ROOT),
                          p.getContainerPort(),
                          p.getHostPort(),
                          p.getHostIp()))
              .toList();
      return networks.attach(
          network,
          new PodIdentity(name.getName(), name.getNamespace(), name.getUid(), sandbox.id()),
          ports,
          config.getAnnotationsMap());
    }

    private Void configure(Attachment network) throws CriException, InterruptedException {
      sandbox.agent().configure(identity.configuration(sandbox.id(), sandbox.config(), network));
      containers.connected(sandbox);
      return null;
    }

    private <T> T phase(String name, Callable<T> work) throws CriException, InterruptedException {
      try (var _ = timeline.phase(name)) {
        return work.call();
      } catch (InterruptedException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new CriException.PhaseFailed(operation, name, e);
      }
    }
  }

}
