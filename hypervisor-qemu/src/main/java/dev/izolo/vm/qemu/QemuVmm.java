package dev.izolo.vm.qemu;

import dev.izolo.lifecycle.Rollback;
import dev.izolo.lifecycle.Timeline;
import dev.izolo.linux.Fd;
import dev.izolo.linux.LinuxProcess;
import dev.izolo.linux.Spawn;
import dev.izolo.linux.Tap;
import dev.izolo.linux.UnixSockets;
import dev.izolo.vm.HostSupport;
import dev.izolo.vm.HostSupport.Accelerator;
import dev.izolo.vm.Template;
import dev.izolo.vm.Warmup;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmRecord;
import dev.izolo.vm.VmSpec;
import dev.izolo.vm.Vmm;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * VMs as QEMU processes that outlive the daemon. What every VM shares is here: one event loop for all their sockets,
 * the claims of user ids and vsock addresses, and what the host can do.
 */
public final class QemuVmm implements Vmm, AutoCloseable {
  private static final Pattern ID = Pattern.compile("[a-z0-9-]{1,64}");
  private static final Pattern MAC = Pattern.compile("([0-9a-f]{2}:){5}[0-9a-f]{2}");
  private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(2);
  /** The kernel's vsock addresses given to guests; 0 to 2 are reserved, and low ones often taken by hand. */
  private static final int FIRST_CID = 10_000;
  private static final int LAST_CID = 1_000_000;
  private static final int FIRST_DESCRIPTOR = 3;

  private final QemuSettings settings;
  private final HostProbe probe;
  private final NumberClaims uids;
  private final NumberClaims cids;
  private final EventLoopGroup loop = new EpollEventLoopGroup(1, new DefaultThreadFactory("vm-io", true));
  private final ExecutorService callbacks = Executors.newVirtualThreadPerTaskExecutor();
  private final Set<QemuVm> vms = ConcurrentHashMap.newKeySet();
  private final AgentChannels channels = new AgentChannels(loop, callbacks, HANDSHAKE_TIMEOUT);

  public QemuVmm(QemuSettings settings) throws IOException {
    this.settings = settings;
    this.probe = new HostProbe(settings);
    String bootId = NumberClaims.currentBootId();
    Path run = settings.runDirectory();
    this.uids = new NumberClaims(run.resolve("uids"), "user ids", settings.firstUid(), settings.lastUid(), bootId);
    this.cids = new NumberClaims(run.resolve("cids"), "vsock addresses", FIRST_CID, LAST_CID, bootId);
  }

  @Override
  public HostSupport hostSupport() {
    return probe.support();
  }

  @Override
  public Vm boot(VmSpec spec, Timeline timeline) throws VmException, InterruptedException {
    validate(spec);
    HostSupport host = probe.requireUsable();
    try (var rollback = new Rollback("boot VM " + spec.id())) {
      int uid = claimUid(spec.id());
      rollback.push("free the VM's ids", () -> freeIds(spec.id()));
      var directory = new VmDirectory(spec.directory());
      directory.prepare(uid);
      rollback.push("remove the VM's files", directory::remove);
      var jail =
          new Jail(
              spec.cgroup(),
              spec.network().map(VmSpec.Network::namespace),
              uid,
              host.accelerator() == Accelerator.KVM ? probe.kvmGroup() : OptionalInt.empty());
      Fd errors = directory.openErrors();
      rollback.push("close the VM's error output", errors::close);
      VmProcesses processes;
      VsockEndpoint endpoint;
      try (var given = new GivenDescriptors()) {
        given.add(UnixSockets.listen(directory.qmpSocket(), 1));
        given.add(UnixSockets.listen(directory.consoleSocket(), 1));
        given.add(Fd.open(settings.kernel(), Fd.O_RDONLY));
        given.add(Fd.open(settings.rootfs(), Fd.O_RDONLY));
        List<LinuxProcess> helpers = new ArrayList<>();
        MachineLayout.VsockDevice device;
        if (probe.usesKernelVsock()) {
          int cid = cids.claim(spec.id(), _ -> true);
          device = new MachineLayout.VsockDevice.Kernel(cid);
          endpoint = new VsockEndpoint.Kernel(cid);
          given.add(Fd.open(Path.of("/dev/vhost-vsock"), Fd.O_RDWR));
        } else {
          device = new MachineLayout.VsockDevice.Backend();
          endpoint = new VsockEndpoint.Hybrid(directory.vsockSocket());
          given.add(startBackend(jail, directory, errors, helpers, rollback, timeline));
        }
        if (spec.network().isPresent()) {
          given.add(Tap.open(spec.network().get().namespace(), spec.network().get().tap()));
        }
        LinuxProcess qemu = startQemu(spec, host.accelerator(), jail, errors, device, given.descriptors());
        rollback.push("kill QEMU", () -> VmProcesses.kill(List.of(qemu)));
        processes = new VmProcesses(qemu, List.copyOf(helpers));
      }
      QemuVm vm;
      try (var _ = timeline.phase("qemu start")) {
        vm = connect(spec.id(), directory, processes, uid, endpoint, errors, rollback);
        vm.resume(settings.startTimeout());
      }
      vms.add(vm);
      rollback.commit();
      return vm;
    } catch (QmpException e) {
      throw new VmException.BootFailed("VM %s did not boot, phase qemu: %s".formatted(spec.id(), e.getMessage()), e);
    } catch (IOException e) {
      throw new VmException.OperationFailed("VM %s cannot be started: %s".formatted(spec.id(), e.getMessage()), e);
    }
  }

  @Override
  public Vm adopt(VmRecord record) throws VmException, InterruptedException {
    var directory = new VmDirectory(record.directory());
    try (var rollback = new Rollback("adopt VM " + record.id())) {
      // Whatever stands in the way of adopting it, it is of no more use: purge kills by user id, files and ids go.
      rollback.push("remove what is left of the VM", () -> purge(record.id(), record.directory()));
      LinuxProcess qemu = hold(record.qemu()).orElseThrow(() -> gone(record, "QEMU has ended", null));
      var helpers = new ArrayList<LinuxProcess>();
      for (VmRecord.ProcessIdentity helper : record.helpers()) {
        helpers.add(hold(helper).orElseThrow(() -> gone(record, "its vsock backend has ended", null)));
      }
      Fd errors = directory.openErrors();
      rollback.push("close the VM's error output", errors::close);
      QemuVm vm =
          connect(
              record.id(),
              directory,
              new VmProcesses(qemu, List.copyOf(helpers)),
              record.uid(),
              VsockEndpoint.parse(record.vsock()),
              errors,
              rollback);
      vm.readopt(record.disks());
      vms.add(vm);
      rollback.commit();
      return vm;
    } catch (QmpException | IOException | IllegalArgumentException e) {
      throw gone(record, "it cannot be reached: " + e.getMessage(), e);
    }
  }

  @Override
  public Template makeTemplate(VmSpec spec, Warmup warmup, Timeline timeline) throws VmException {
    throw new VmException.Unsupported("templates are not available on this host", null);
  }

  @Override
  public Optional<Template> template(int vcpus, int memoryMib) {
    return Optional.empty();
  }

  @Override
  public Vm restore(VmSpec spec, Template template, Timeline timeline) throws VmException {
    throw new VmException.Unsupported("templates are not available on this host", null);
  }

  @Override
  public void purge(String id, Path directory) throws VmException {
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

  /** Leaves every VM running; only this process's connections to them end. */
  @Override
  public void close() {
    vms.forEach(QemuVm::disconnect);
    callbacks.shutdown();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  private Fd startBackend(
      Jail jail,
      VmDirectory directory,
      Fd errors,
      List<LinuxProcess> helpers,
      Rollback rollback,
      Timeline timeline)
      throws VmException, InterruptedException {
    try (var _ = timeline.phase("vsock backend")) {
      Path program =
          settings
              .vsockBackend()
              .orElseThrow(
                  () ->
                      new VmException.Unsupported(
                          "this host has no /dev/vhost-vsock, and no vhost-device-vsock program is configured", null));
      LinuxProcess backend = VsockBackend.start(program, jail, directory, errors);
      helpers.add(backend);
      rollback.push("kill the vsock backend", () -> VmProcesses.kill(List.of(backend)));
      return VsockBackend.connect(backend, directory, errors, settings.startTimeout());
    }
  }

  private LinuxProcess startQemu(
      VmSpec spec,
      Accelerator accelerator,
      Jail jail,
      Fd errors,
      MachineLayout.VsockDevice vsock,
      List<Fd> descriptors)
      throws IOException {
    int first = FIRST_DESCRIPTOR;
    var numbers =
        new MachineLayout.Descriptors(
            first,
            first + 1,
            first + 2,
            first + 3,
            first + 4,
            spec.network().isPresent() ? OptionalInt.of(first + 5) : OptionalInt.empty());
    var layout =
        new MachineLayout(
            spec.id(),
            accelerator,
            spec.vcpus(),
            settings.maxVcpus(),
            spec.memoryMib(),
            settings.maxMemoryMib(),
            settings.tcgBufferMib(),
            spec.extraKernelArgs(),
            numbers,
            vsock,
            spec.network().map(VmSpec.Network::mac));
    var program = new ArrayList<>(List.of(settings.qemu().toString()));
    program.addAll(layout.arguments());
    return Spawn.start(jail.command(Path.of("/"), program), errors, descriptors);
  }

  private QemuVm connect(
      String id,
      VmDirectory directory,
      VmProcesses processes,
      int uid,
      VsockEndpoint endpoint,
      Fd errors,
      Rollback rollback)
      throws VmException, QmpException, IOException, InterruptedException {
    QmpClient qmp;
    try {
      qmp = QmpClient.connect(loop, directory.qmpSocket(), settings.startTimeout());
    } catch (QmpException e) {
      throw startFailed(id, processes.qemu(), errors, e);
    }
    rollback.push("disconnect from QEMU", qmp::close);
    Console console = Console.connect(loop, directory.consoleSocket());
    rollback.push("disconnect from the console", console::close);
    var agent = channels.open(endpoint);
    rollback.push("close the agent's channel", agent::shutdownNow);
    var disks = new DiskPlugger(qmp, new DiskOpener(settings.diskDirectories()));
    return new QemuVm(
        new QemuVm.Parts(
            id, directory, processes, uid, endpoint, qmp, console, errors, disks, agent,
            () -> {
              directory.remove();
              freeIds(id);
              vms.removeIf(vm -> vm.id().equals(id));
            }));
  }

  private static VmException startFailed(String id, LinuxProcess qemu, Fd errors, QmpException cause) {
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

  private int claimUid(String id) throws VmException {
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

  private void freeIds(String id) throws IOException {
    for (int uid : uids.claimedBy(id)) {
      uids.free(uid);
    }
    for (int cid : cids.claimedBy(id)) {
      cids.free(cid);
    }
  }

  private static Optional<LinuxProcess> hold(VmRecord.ProcessIdentity identity) throws IOException {
    return LinuxProcess.hold(identity.pid(), identity.startTimeTicks());
  }

  private static VmException gone(VmRecord record, String why, Exception cause) {
    return new VmException.Gone("VM " + record.id() + " does not run any more: " + why, cause);
  }

  private static void validate(VmSpec spec) throws VmException {
    boolean mac = spec.network().map(network -> MAC.matcher(network.mac()).matches()).orElse(true);
    if (!ID.matcher(spec.id()).matches() || spec.vcpus() < 1 || spec.memoryMib() < 32 || !mac) {
      throw new VmException.OperationFailed(
          "not a VM's specification: its id must be 1 to 64 of a-z, 0-9 and dash, it needs a vCPU, 32 MiB and a "
              + "lower-case MAC: "
              + spec,
          null);
    }
    if (spec.extraKernelArgs().stream().anyMatch(arg -> arg.isBlank() || arg.chars().anyMatch(c -> c <= ' '))) {
      throw new VmException.OperationFailed("a kernel argument must be one word: " + spec.extraKernelArgs(), null);
    }
  }

  /** Descriptors on their way to QEMU; ours are closed when it has them. */
  private static final class GivenDescriptors implements AutoCloseable {
    private final List<Fd> fds = new ArrayList<>();

    void add(Fd fd) {
      fds.add(fd);
    }

    List<Fd> descriptors() {
      return List.copyOf(fds);
    }

    @Override
    public void close() {
      fds.forEach(Fd::close);
    }
  }
}
