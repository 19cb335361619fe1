package dev.izolo.sandbox;

import dev.izolo.network.NetworkException;
import dev.izolo.network.PodNetworks;
import dev.izolo.state.CriException;
import dev.izolo.state.RecordStore;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmRecord;
import dev.izolo.vm.Vmm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a sandbox has on the host, each with its way to be given back: idempotent, from the record alone, after a restart
 * too. A failed or interrupted run, a stop and the clean-up at start all end here.
 */
final class SandboxParts {
  private static final Logger log = LoggerFactory.getLogger(SandboxParts.class);

  /** Enough of the id to be unique, and short: paths of sockets beneath have 107 bytes at most. */
  private static final int DIRECTORY_NAME = 20;

  private final Vmm vmm;
  private final PodNetworks networks;
  private final PodCgroups cgroups;
  private final RecordStore store;
  private final Path vms;

  SandboxParts(Vmm vmm, PodNetworks networks, PodCgroups cgroups, RecordStore store, Path runDir) {
    this.vmm = vmm;
    this.networks = networks;
    this.cgroups = cgroups;
    this.store = store;
    this.vms = runDir.resolve("vms");
  }

  Path vmDirectory(String sandboxId) {
    return vms.resolve(sandboxId.substring(0, DIRECTORY_NAME));
  }

  Path makeVmDirectory(String sandboxId) throws CriException {
    Path directory = vmDirectory(sandboxId);
    try {
      Files.createDirectories(directory);
      return directory;
    } catch (IOException e) {
      throw new CriException.Internal("cannot make " + directory + ": " + e, e);
    }
  }

  void deleteVmDirectory(String sandboxId) throws CriException {
    Path directory = vmDirectory(sandboxId);
    if (Files.notExists(directory)) {
      return;
    }
    try (Stream<Path> walk = Files.walk(directory)) {
      for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new CriException.Internal("cannot delete " + directory + ": " + e, e);
    }
  }

  List<Path> makeCgroup(Sandbox sandbox) throws CriException, InterruptedException {
    return cgroups.create(sandbox.id(), sandbox.config().getLinux().getCgroupParent());
  }

  void removeCgroup(Sandbox sandbox) throws CriException, InterruptedException {
    String parent = sandbox.config().getLinux().getCgroupParent();
    cgroups.remove(sandbox.id(), parent);
    if (!parent.isEmpty()) {
      // Where it was while it waited for its pod.
      cgroups.remove(sandbox.id(), "");
    }
  }

  /** Moves the processes of a VM that waited for its pod to where the pod wants them. */
  void moveToPodCgroup(Sandbox sandbox, VmRecord vm) throws CriException, InterruptedException {
    String parent = sandbox.config().getLinux().getCgroupParent();
    if (!parent.isEmpty()) {
      var pids = Stream.concat(Stream.of(vm.qemu()), vm.helpers().stream()).map(VmRecord.ProcessIdentity::pid).toList();
      cgroups.move(sandbox.id(), "", parent, pids);
    }
  }

  /**
   * Ends the VM: the one in hand, the one that the record tells of, and whatever else has this sandbox's id, such as the
   * one that a daemon was booting when it was killed.
   */
  void destroyVm(Sandbox sandbox) throws CriException, VmException, InterruptedException {
    VmRecord recorded = sandbox.record().vm();
    try {
      if (sandbox.machine().isPresent()) {
        sandbox.machine().get().destroy(Duration.ZERO);
      } else if (recorded != null) {
        vmm.adopt(recorded).destroy(Duration.ZERO);
      }
    } catch (VmException.Gone e) {
      log.debug("sandbox={} its VM is gone already: {}", sandbox.id(), e.getMessage());
    }
    vmm.purge(sandbox.id(), vmDirectory(sandbox.id()));
    sandbox.update(r -> r.withVm(null).withLayers(Map.of()));
  }

  void releaseNetwork(Sandbox sandbox) throws CriException, NetworkException {
    String id = sandbox.record().networkId();
    if (!id.isEmpty()) {
      networks.release(id);
      sandbox.update(r -> r.withNetwork(""));
    }
  }

  void deleteRecord(Sandbox sandbox) throws CriException {
    store.deleteSandbox(sandbox.id());
  }
}
