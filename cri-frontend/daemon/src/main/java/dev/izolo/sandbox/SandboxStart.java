package dev.izolo.sandbox;

import dev.izolo.agentclient.AgentStart;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxMetadata;
import dev.izolo.lifecycle.Rollback;
import dev.izolo.lifecycle.Timeline;
import dev.izolo.network.PodNetworks;
import dev.izolo.network.PodNetworks.Attachment;
import dev.izolo.network.PodNetworks.PodIdentity;
import dev.izolo.network.PodNetworks.PodNetwork;
import dev.izolo.network.PodNetworks.PortMapping;
import dev.izolo.state.CriException;
import dev.izolo.state.Ids;
import dev.izolo.state.PhaseRecord;
import dev.izolo.state.RecordStore;
import dev.izolo.state.RunStep;
import dev.izolo.state.SandboxRecord;
import dev.izolo.vm.Vm;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * RunPodSandbox, in the order a reader expects: record, directories, cgroup, network namespace, then the VM's boot beside
 * CNI's work, then the agent's configuration. Each step is recorded before it begins; a failure or an interrupt undoes
 * all of them in reverse, and the error names the step.
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

  SandboxStart(
      RecordStore store,
      SandboxParts parts,
      VmSource vms,
      PodNetworks networks,
      PodContainers containers,
      PodSettings settings,
      VmSize hostSize,
      SandboxEnd end) {
    this.store = store;
    this.parts = parts;
    this.vms = vms;
    this.networks = networks;
    this.containers = containers;
    this.identity = new GuestIdentity(settings.hostResolvConf());
    this.settings = settings;
    this.hostSize = hostSize;
    this.end = end;
  }

  /** A ready sandbox; or, when it throws, nothing. */
  Sandbox start(PodSandboxConfig config, String handlerName) throws CriException, InterruptedException {
    RuntimeHandler handler = settings.handlers().get(handlerName);
    if (handler == null) {
      throw new CriException.InvalidArgument(
          "no runtime handler \"" + handlerName + "\" is configured; there are " + settings.handlers().keySet());
    }
    var timeline = new Timeline();
    long now = System.currentTimeMillis() * 1_000_000L;
    var sandbox = new Sandbox(store, SandboxRecord.reserved(Ids.random(), handlerName, now, config.toByteArray()));
    // One release does it all, since it works from the record: the same way as after a crash at this point.
    try (var rollback = new Rollback("RunPodSandbox " + sandbox.id())) {
      rollback.push("undo", () -> end.undo(sandbox));
      new Run(sandbox, handler, timeline).run();
      rollback.commit();
    }
    return sandbox;
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
      sandbox.update(r -> r.at(RunStep.BOOTING).withNetwork(claim.network().sandboxId()));
      Attachment network = bootAndAttach(claim);
      sandbox.update(r -> r.at(RunStep.CONFIGURING).withPodIps(network.podIps()));
      phase("configure", () -> configure(network));
      sandbox.update(r -> r.at(RunStep.READY).withTimeline(PhaseRecord.of(timeline)));
      log.info("sandbox={} ready in {} ms", sandbox.id(), timeline.elapsed().toMillis());
    }

    private Path record() throws CriException {
      sandbox.update(r -> r);
      return parts.makeVmDirectory(sandbox.id());
    }

    private VmSource.Claim claim(Path directory, List<Path> cgroup) throws Exception {
      sandbox.update(r -> r.at(RunStep.NETWORK).withNetwork(sandbox.id()));
      VmSize size = VmSize.of(sandbox.config().getLinux(), handler, hostSize);
      return vms.claim(
          new VmSource.Request(sandbox.id(), sandbox.record().runtimeHandler(), size, directory, cgroup));
    }

    private Attachment bootAndAttach(VmSource.Claim claim) throws CriException, InterruptedException {
      try {
        List<Object> results =
            Concurrently.all(List.<Callable<Object>>of(() -> boot(claim), () -> phase("CNI", () -> attach(claim.network()))));
        return (Attachment) results.get(1);
      } catch (CriException | InterruptedException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new CriException.PhaseFailed(operation, "VM and network", e);
      }
    }

    private Vm boot(VmSource.Claim claim) throws CriException, InterruptedException {
      Vm vm =
          phase(
              "VM start",
              () -> {
                Vm started = claim.vm(timeline);
                sandbox.attach(started, settings.agentTimeout());
                sandbox.update(r -> r.withVm(started.record()));
                return started;
              });
      long from = System.nanoTime();
      phase(
          "agent ready",
          () -> {
            claim.awaitAgent(vm, settings.bootTimeout());
            return vm;
          });
      phase("agent info", () -> tellGuestPhases(from));
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
      sandbox.agent().configure(identity.request(sandbox.id(), sandbox.config(), network));
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
