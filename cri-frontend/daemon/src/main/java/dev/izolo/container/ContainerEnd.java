package dev.izolo.container;

import dev.izolo.agentclient.AgentClient;
import dev.izolo.sandbox.Reaper;
import dev.izolo.sandbox.Sandbox;
import dev.izolo.state.ContainerRecord;
import dev.izolo.state.ContainerStep;
import dev.izolo.state.CriException;
import dev.izolo.state.RecordStore;
import dev.izolo.vm.VmException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gives back what a container has: in the guest, on the VM's controller, on the host's disk. Idempotent. */
final class ContainerEnd {
  private static final Logger log = LoggerFactory.getLogger(ContainerEnd.class);

  private final RecordStore store;
  private final ContainerRegistry registry;
  private final Reaper reaper;

  ContainerEnd(RecordStore store, ContainerRegistry registry, Reaper reaper) {
    this.store = store;
    this.registry = registry;
    this.reaper = reaper;
  }

  /** Forgets a container whose creation did not succeed; tried again until it works. */
  void undo(ContainerUnit unit) throws InterruptedException {
    reaper.run("undo container " + unit.id(), () -> giveBack(unit));
  }

  /** The caller has ended its process and holds its lock. */
  void remove(ContainerUnit unit) throws CriException, InterruptedException {
    unit.update(record -> record.at(ContainerStep.REMOVING));
    giveBack(unit);
  }

  private void giveBack(ContainerUnit unit) throws CriException, InterruptedException {
    String operation = "RemoveContainer " + unit.id();
    unit.output().close();
    Sandbox sandbox = unit.sandbox();
    if (sandbox.hasVm()) {
      try {
        AgentClient agent = sandbox.agent();
        agent.remove(unit.id());
      } catch (CriException e) {
        if (sandbox.hasVm()) {
          throw new CriException.PhaseFailed(operation, "agent", e);
        }
        log.debug("container={} its VM ended meanwhile", unit.id());
      }
    }
    detach(unit, operation);
    unit.closeLease();
    store.deleteContainer(sandbox.id(), unit.id());
    registry.remove(unit);
  }

  private void detach(ContainerUnit unit, String operation) throws CriException, InterruptedException {
    ContainerRecord record = unit.record();
    Sandbox sandbox = unit.sandbox();
    try {
      if (record.scratch() != null) {
        sandbox.disks().detachScratch(record.scratch());
      }
      sandbox.disks().releaseLayers(unit.id());
    } catch (VmException.Gone e) {
      log.debug("container={} its VM is gone, and its disks with it", unit.id());
    } catch (VmException e) {
      throw new CriException.PhaseFailed(operation, "disks", e);
    }
  }
}
