package dev.izolo.sandbox;

import dev.izolo.lifecycle.Concurrently;
import dev.izolo.network.NetworkException;
import dev.izolo.network.PodNetworks;
import dev.izolo.state.CriException;
import dev.izolo.state.RecordStore;
import dev.izolo.state.RunStep;
import dev.izolo.state.SandboxRecord;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import dev.izolo.vm.Vmm;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes what is on disk, what runs and what this daemon believes agree again, after a daemon was ended at any point. */
final class SandboxRecovery {
  private static final Logger log = LoggerFactory.getLogger(SandboxRecovery.class);

  private final RecordStore store;
  private final Vmm vmm;
  private final PodNetworks networks;
  private final PodContainers containers;
  private final SandboxEnd end;
  private final Reaper reaper;
  private final PodSettings settings;

  SandboxRecovery(
      RecordStore store,
      Vmm vmm,
      PodNetworks networks,
      PodContainers containers,
      SandboxEnd end,
      Reaper reaper,
      PodSettings settings) {
    this.store = store;
    this.vmm = vmm;
    this.networks = networks;
    this.containers = containers;
    this.end = end;
    this.reaper = reaper;
    this.settings = settings;
  }

  /** The sandboxes that had been announced; those that had not are undone. */
  List<Sandbox> load() throws CriException, InterruptedException {
    var announced = new ArrayList<Sandbox>();
    var halfMade = new ArrayList<Callable<Optional<Void>>>();
    for (RecordStore.Loaded loaded : store.load()) {
      Sandbox sandbox = new Sandbox(store, loaded.sandbox());
      if (loaded.sandbox().step().announced()) {
        containers.load(sandbox, loaded.containers());
        announced.add(sandbox);
      } else {
        halfMade.add(
            () -> {
              log.info("sandbox={} was not finished ({}): undone", sandbox.id(), loaded.sandbox().step());
              end.undo(sandbox);
              return Optional.empty();
            });
      }
    }
    Concurrently.answers(halfMade);
    releaseStrayNetworks(announced);
    return announced;
  }

  private void releaseStrayNetworks(List<Sandbox> announced) throws InterruptedException {
    Set<String> known = new HashSet<>();
    announced.forEach(sandbox -> known.add(sandbox.record().networkId()));
    try {
      for (String id : networks.recorded()) {
        if (!known.contains(id)) {
          log.info("network={} belongs to no sandbox: released", id);
          reaper.run("release network " + id, () -> networks.release(id));
        }
      }
    } catch (NetworkException e) {
      log.warn("cannot look for networks that were left behind: {}", e.toString());
    }
  }

  /** Takes over what runs and finishes what had begun, all sandboxes side by side. */
  void settle(Collection<Sandbox> sandboxes, Consumer<Sandbox> watch, Consumer<Sandbox> forget)
      throws InterruptedException {
    var tasks = new ArrayList<Callable<Optional<Void>>>();
    for (Sandbox sandbox : sandboxes) {
      tasks.add(
          () -> {
            try {
              settle(sandbox, watch, forget);
            } catch (CriException | VmException e) {
              log.error("sandbox={} could not be taken over: {}", sandbox.id(), e.toString());
            }
            return Optional.empty();
          });
    }
    Concurrently.answers(tasks);
  }

  private void settle(Sandbox sandbox, Consumer<Sandbox> watch, Consumer<Sandbox> forget)
      throws CriException, VmException, InterruptedException {
    SandboxRecord record = sandbox.record();
    switch (record.step()) {
      case READY -> adopt(sandbox, watch);
      case STOPPING -> end.stop(sandbox);
      case REMOVING ->
          reaper.run(
              "finish to remove sandbox " + sandbox.id(), () -> end.remove(sandbox, () -> forget.accept(sandbox)));
      case VM_GONE -> containers.vmGone(sandbox, record.message());
      case SPARE, RESERVED, NETWORK, BOOTING, CONFIGURING, UNDOING, STOPPED -> { }
    }
  }

  private void adopt(Sandbox sandbox, Consumer<Sandbox> watch) throws CriException, VmException, InterruptedException {
    try {
      Vm vm = vmm.adopt(sandbox.record().vm());
      sandbox.attach(vm, settings.agentTimeout());
      watch.accept(sandbox);
      containers.connected(sandbox);
      log.info("sandbox={} taken over", sandbox.id());
    } catch (VmException.Gone e) {
      String reason = "its VM ended while no daemon ran";
      sandbox.updateIf(r -> r.step() == RunStep.READY, r -> r.at(RunStep.VM_GONE).withMessage(reason));
      containers.vmGone(sandbox, reason);
      log.info("sandbox={} is not ready: {}", sandbox.id(), reason);
    }
  }
}
