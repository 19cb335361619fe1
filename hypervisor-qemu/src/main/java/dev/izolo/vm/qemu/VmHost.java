package dev.izolo.vm.qemu;

import dev.izolo.lifecycle.Rollback;
import dev.izolo.linux.Fd;
import dev.izolo.linux.LinuxProcess;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmRecord;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpException;
import dev.izolo.vm.vsock.AgentChannels;
import dev.izolo.vm.vsock.VsockEndpoint;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * What all VMs of this host share: one event loop for their sockets, the claims of user ids and vsock addresses, and what
 * the host can do.
 */
final class VmHost implements AutoCloseable {
  /** What a VM's memory is called in /proc/PID/smaps. */
  static final String RAM_NAME = "izolo-ram";

  private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(2);
  /** The kernel's vsock addresses given to guests; 0 to 2 are reserved, and low ones often taken by hand. */
  private static final int FIRST_CID = 10_000;
  private static final int LAST_CID = 1_000_000;

  private final QemuSettings settings;
  private final HostProbe probe;
  private final String processor;
  private final NumberClaims uids;
  private final NumberClaims cids;
  private final EventLoopGroup loop = new EpollEventLoopGroup(1, new DefaultThreadFactory("vm-io", true));
  private final ExecutorService callbacks = Executors.newVirtualThreadPerTaskExecutor();
  private final Set<QemuVm> vms = ConcurrentHashMap.newKeySet();
  private final AgentChannels channels = new AgentChannels(loop, callbacks, HANDSHAKE_TIMEOUT);

  VmHost(QemuSettings settings) throws IOException {
    this.settings = settings;
    this.probe = new HostProbe(settings);
    this.processor = TemplateKey.processor(Path.of("/proc/cpuinfo"));
    String bootId = NumberClaims.currentBootId();
    Path run = settings.runDirectory();
    this.uids = new NumberClaims(run.resolve("uids"), "user ids", settings.firstUid(), settings.lastUid(), bootId);
    this.cids = new NumberClaims(run.resolve("cids"), "vsock addresses", FIRST_CID, LAST_CID, bootId);
  }

  QemuSettings settings() {
    return settings;
  }

  HostProbe probe() {
    return probe;
  }

  /** What a guest can see of the host's processor. */
  String processor() {
    return processor;
  }

  int claimUid(String id) throws VmException {
    return uids.claim(
        id,
        uid -> {
          try {
            return !ProcessesOf.exist(uid);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  int claimCid(String id) throws VmException {
    return cids.claim(id, _ -> true);
  }

  void freeIds(String id) throws IOException {
    for (int uid : uids.claimedBy(id)) {
      uids.free(uid);
    }
    for (int cid : cids.claimedBy(id)) {
      cids.free(cid);
    }
  }

  void purge(String id, Path directory) throws VmException {
    try {
      for (int uid : uids.claimedBy(id)) {
        VmProcesses.kill(ProcessesOf.user(uid));
      }
      new VmDirectory(directory).remove();
      freeIds(id);
    } catch (IOException e) {
      throw new VmException.OperationFailed("cannot remove what VM " + id + " left: " + e.getMessage(), e);
    }
  }

  QmpClient connectQmp(String id, VmDirectory directory, LinuxProcess qemu, Fd errors)
      throws VmException, InterruptedException {
    try {
      return QmpClient.connect(loop, directory.qmpSocket(), settings.startTimeout());
    } catch (QmpException e) {
      throw startFailed(id, qemu, errors, e);
    }
  }

  /**
   * @param announced do not wait for the agent's word on the console: it was said before this process listened
   * @param rollback disconnects
   */
  QemuVm assemble(
      String id,
      VmDirectory directory,
      VmProcesses processes,
      int uid,
      VsockEndpoint endpoint,
      QmpClient qmp,
      Fd errors,
      boolean announced,
      Rollback rollback)
      throws IOException {
    Console console = Console.connect(loop, directory.consoleSocket());
    rollback.push("disconnect from the console", console::close);
    if (announced) {
      console.readyHint().complete(null);
    }
    var agent = channels.open(endpoint);
    rollback.push("close the agent's channel", agent::shutdownNow);
    var disks = new DiskPlugger(qmp, new DiskOpener(settings.diskDirectories()));
    var vm =
        new QemuVm(
            new QemuVm.Parts(
                id, directory, processes, uid, endpoint, qmp, console, errors, disks, agent,
                () -> {
                  directory.remove();
                  freeIds(id);
                  vms.removeIf(other -> other.id().equals(id));
                }));
    vms.add(vm);
    rollback.push("forget the VM", () -> vms.remove(vm));
    return vm;
  }

  VmException startFailed(String id, LinuxProcess qemu, Fd errors, QmpException cause) {
    // Its end may be a moment later than that of its sockets.
    boolean ended = VmProcesses.awaitExit(qemu, Duration.ofSeconds(1));
    String said;
    try {
      said = ConsoleRing.printable(errors.readAvailable(4096)).strip();
    } catch (IOException e) {
      said = "";
    }
    String how = ended ? "QEMU ended at once" : cause.getMessage();
    String message =
        "VM %s did not boot, phase qemu: %s%s".formatted(id, how, said.isEmpty() ? "" : "; it said: " + said);
    return said.contains("Cannot allocate memory") || said.contains("cannot set up guest memory")
        ? new VmException.Exhausted(message, cause)
        : new VmException.BootFailed(message, cause);
  }

  static Optional<LinuxProcess> hold(VmRecord.ProcessIdentity identity) throws IOException {
    return LinuxProcess.hold(identity.pid(), identity.startTimeTicks());
  }

  /** Leaves every VM running; only this process's connections to them end. */
  @Override
  public void close() {
    vms.forEach(QemuVm::disconnect);
    callbacks.shutdown();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
