package dev.izolo.sandbox;

import dev.izolo.lifecycle.Rollback;
import dev.izolo.lifecycle.Timeline;
import dev.izolo.network.PodNetworks;
import dev.izolo.network.PodNetworks.PodNetwork;
import dev.izolo.state.Ids;
import dev.izolo.state.RecordStore;
import dev.izolo.state.SandboxRecord;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmSpec;
import dev.izolo.vm.Vmm;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Makes sandboxes that no pod has asked for. Each is on record before anything of it exists and is given back from its
 * record like any other, so a daemon that is killed leaves nothing that the next one does not remove.
 */
final class SpareSandboxes {
  private final RecordStore store;
  private final SandboxParts parts;
  private final PodNetworks networks;
  private final Vmm vmm;
  private final VmSource vms;
  private final SandboxEnd end;
  private final PodSettings settings;
  private final GuestIdentity identity;

  SpareSandboxes(
      RecordStore store,
      SandboxParts parts,
      PodNetworks networks,
      Vmm vmm,
      VmSource vms,
      SandboxEnd end,
      PodSettings settings) {
    this.store = store;
    this.parts = parts;
    this.networks = networks;
    this.vmm = vmm;
    this.vms = vms;
    this.end = end;
    this.settings = settings;
    this.identity = new GuestIdentity(settings.hostResolvConf());
  }

  private Sandbox reserve() throws Exception {
    return new Sandbox(store, SandboxRecord.spare(Ids.random(), System.currentTimeMillis() * 1_000_000L));
  }

  /** @param handlerName of a handler of this size */
  Spare make(String handlerName, VmSize size, Timeline timeline) throws Exception {
    Sandbox sandbox = reserve();
    try (var rollback = new Rollback("make spare sandbox " + sandbox.id())) {
      rollback.push("undo", () -> end.undo(sandbox));
      sandbox.note(r -> r);
      Path directory = parts.makeVmDirectory(sandbox.id());
      List<Path> cgroup = parts.makeCgroup(sandbox);
      VmSource.Claim claim =
          vms.claim(new VmSource.Request(sandbox.id(), handlerName, size, directory, cgroup));
      Vm vm = claim.vm(timeline, () -> {});
      sandbox.attach(vm, settings.agentTimeout());
      sandbox.note(r -> r.withVm(vm.record()));
      claim.awaitAgent(vm, settings.bootTimeout());
      sandbox.agent().prepare(identity.preparation(sandbox.id()));
      sandbox.agent().configure(identity.rehearsal(sandbox.id()));
      rollback.commit();
      return new Spare(sandbox, size, claim.network(), vm);
    }
  }

  /** Makes the template for VMs of a size; its sandbox is gone afterwards. */
  void makeTemplate(VmSize size, WarmSettings warm, Timeline timeline) throws Exception {
    Sandbox sandbox = reserve();
    // Closed without a commit in any case: a template is a file, its VM is over.
    try (var rollback = new Rollback("make a template in sandbox " + sandbox.id())) {
      rollback.push("undo", () -> end.undo(sandbox));
      sandbox.note(r -> r);
      Path directory = parts.makeVmDirectory(sandbox.id());
      List<Path> cgroup = parts.makeCgroup(sandbox);
      PodNetwork network = networks.prepare(sandbox.id());
      var link = new VmSpec.Network(network.namespace(), network.tap(), network.tapMac());
      vmm.makeTemplate(
          new VmSpec(sandbox.id(), directory, size.vcpus(), size.memoryMib(), Optional.of(link), cgroup, List.of()),
          warm.warmup(),
          timeline);
    }
  }

  void discard(Spare spare) throws InterruptedException {
    end.undo(spare.sandbox());
  }
}
