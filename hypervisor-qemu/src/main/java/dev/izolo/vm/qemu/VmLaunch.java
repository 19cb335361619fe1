package dev.izolo.vm.qemu;

import dev.izolo.lifecycle.Rollback;
import dev.izolo.lifecycle.Timeline;
import dev.izolo.linux.ErrnoException;
import dev.izolo.linux.Fd;
import dev.izolo.linux.LinuxProcess;
import dev.izolo.linux.MemoryFile;
import dev.izolo.linux.Spawn;
import dev.izolo.linux.Tap;
import dev.izolo.linux.UnixSockets;
import dev.izolo.vm.HostSupport;
import dev.izolo.vm.HostSupport.Accelerator;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmSpec;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpException;
import dev.izolo.vm.vsock.VsockEndpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One VM on its way to life: its user, its files, its processes, and the connections to them. Each step pushes its
 * undoing; the steps are put together by whoever boots or restores.
 */
final class VmLaunch {
  private static final int FIRST_DESCRIPTOR = 3;

  private final VmHost host;
  private final VmSpec spec;
  private final HostSupport support;
  private final Rollback rollback;
  private final Timeline timeline;
  private final int uid;
  private final VmDirectory directory;
  private final Jail jail;
  private final Fd errors;

  /** The host's other end of the guest's vsock, and who provides it. */
  record Vsock(MachineLayout.VsockDevice device, VsockEndpoint endpoint, List<LinuxProcess> helpers, Fd descriptor) {}

  /** QEMU, its descriptors given, and the number of the saved state's if it got one. */
  record Started(LinuxProcess qemu, OptionalInt state) {}

  VmLaunch(VmHost host, VmSpec spec, HostSupport support, Rollback rollback, Timeline timeline)
      throws VmException, IOException {
    this.host = host;
    this.spec = spec;
    this.support = support;
    this.rollback = rollback;
    this.timeline = timeline;
    this.uid = host.claimUid(spec.id());
    rollback.push("free the VM's ids", () -> host.freeIds(spec.id()));
    this.directory = new VmDirectory(spec.directory());
    directory.prepare(uid);
    rollback.push("remove the VM's files", directory::remove);
    this.jail =
        new Jail(
            spec.cgroup(),
            spec.network().map(VmSpec.Network::namespace),
            uid,
            support.accelerator() == Accelerator.KVM ? host.probe().kvmGroup() : OptionalInt.empty());
    this.errors = directory.openErrors();
    rollback.push("close the VM's error output", errors::close);
  }

  /** Takes nothing that its failure would leave; what it returns is for the caller to undo. Any thread may call it. */
  Vsock startVsock() throws VmException, IOException, InterruptedException {
    if (host.probe().usesKernelVsock()) {
      int cid = host.claimCid(spec.id());
      return new Vsock(
          new MachineLayout.VsockDevice.Kernel(cid),
          new VsockEndpoint.Kernel(cid),
          List.of(),
          Fd.open(HostProbe.VHOST_VSOCK, Fd.O_RDWR));
    }
    try (var _ = timeline.phase("vsock backend");
        var undo = new Rollback("start the vsock backend of " + spec.id())) {
      Path program =
          host.settings()
              .vsockBackend()
              .orElseThrow(
                  () ->
                      new VmException.Unsupported(
                          "this host has no /dev/vhost-vsock, and no vhost-device-vsock program is configured", null));
      LinuxProcess backend = VsockBackend.start(program, jail, directory, errors);
      undo.push("kill the vsock backend", () -> VmProcesses.kill(List.of(backend)));
      Fd connection = VsockBackend.connect(backend, directory, errors, host.settings().startTimeout());
      undo.commit();
      return new Vsock(
          new MachineLayout.VsockDevice.Backend(),
          new VsockEndpoint.Hybrid(directory.vsockSocket()),
          List.of(backend),
          connection);
    }
  }

  /** As {@link #startVsock}, undone with everything else. */
  Vsock takeVsock() throws VmException, IOException, InterruptedException {
    Vsock vsock = startVsock();
    own(vsock);
    return vsock;
  }

  /** Undone with everything else from now on. */
  void own(Vsock vsock) {
    rollback.push("kill the vsock backend", () -> release(vsock));
  }

  static void release(Vsock vsock) throws VmException {
    vsock.descriptor().close();
    VmProcesses.kill(vsock.helpers());
  }

  /** Memory for a guest whose backend needs to see it. */
  static MemoryFile newRam(int memoryMib) throws ErrnoException {
    return MemoryFile.create(VmHost.RAM_NAME, (long) memoryMib << 20);
  }

  /** A machine that will execute its kernel, vsock plugged. */
  Started startQemu(Optional<MemoryFile> ram, Vsock vsock) throws IOException, InterruptedException {
    return startQemu(ram, true, Optional.of(vsock), vsock.device(), Optional.empty());
  }

  /** A machine that waits for a saved state. */
  Started startIncoming(MemoryFile ram, boolean sharedRam, MemoryFile state)
      throws IOException, InterruptedException {
    try (Fd reader = state.reopen(Fd.O_RDONLY)) {
      var device = new MachineLayout.VsockDevice.Backend();
      return startQemu(Optional.of(ram), sharedRam, Optional.empty(), device, Optional.of(reader));
    }
  }

  private Started startQemu(
      Optional<MemoryFile> ram,
      boolean sharedRam,
      Optional<Vsock> vsock,
      MachineLayout.VsockDevice device,
      Optional<Fd> state)
      throws IOException, InterruptedException {
    QemuSettings settings = host.settings();
    try (var given = new GivenDescriptors()) {
      int qmp = given.own(UnixSockets.listen(directory.qmpSocket(), 1));
      int console = given.own(UnixSockets.listen(directory.consoleSocket(), 1));
      int kernel = given.own(Fd.open(settings.kernel(), Fd.O_RDONLY));
      int rootfs = given.own(Fd.open(settings.rootfs(), Fd.O_RDONLY));
      OptionalInt vsockNumber = vsock.isPresent() ? given.lend(vsock.get().descriptor()) : OptionalInt.empty();
      OptionalInt tap = OptionalInt.empty();
      if (spec.network().isPresent()) {
        tap = OptionalInt.of(given.own(Tap.open(spec.network().get().namespace(), spec.network().get().tap())));
      }
      MachineLayout.Ram memory = new MachineLayout.Ram.Anonymous();
      if (ram.isPresent()) {
        memory = new MachineLayout.Ram.File(given.lend(ram.get().fd()).getAsInt(), sharedRam);
      }
      OptionalInt stateNumber = state.isPresent() ? given.lend(state.get()) : OptionalInt.empty();
      var numbers = new MachineLayout.Descriptors(qmp, console, kernel, rootfs, vsockNumber, tap);
      var layout = layout(host, spec, support.accelerator(), numbers, memory, device, state.isPresent());
      var program = new ArrayList<>(List.of(settings.qemu().toString()));
      program.addAll(layout.arguments());
      LinuxProcess qemu = Spawn.start(jail.command(Path.of("/"), program), errors, given.descriptors());
      rollback.push("kill QEMU", () -> VmProcesses.kill(List.of(qemu)));
      return new Started(qemu, stateNumber);
    }
  }

  static MachineLayout layout(
      VmHost host,
      VmSpec spec,
      Accelerator accelerator,
      MachineLayout.Descriptors numbers,
      MachineLayout.Ram ram,
      MachineLayout.VsockDevice device,
      boolean incoming) {
    QemuSettings settings = host.settings();
    return new MachineLayout(
        spec.id(),
        accelerator,
        spec.vcpus(),
        settings.maxVcpus(),
        spec.memoryMib(),
        settings.maxMemoryMib(),
        settings.tcgBufferMib(),
        spec.extraKernelArgs(),
        numbers,
        ram,
        device,
        spec.network().map(VmSpec.Network::mac),
        incoming);
  }

  QmpClient connect(LinuxProcess qemu) throws VmException, InterruptedException {
    QmpClient qmp = host.connectQmp(spec.id(), directory, qemu, errors);
    rollback.push("disconnect from QEMU", qmp::close);
    return qmp;
  }

  /** The VM, with a channel to its agent that is not connected yet. */
  QemuVm assemble(LinuxProcess qemu, QmpClient qmp, Vsock vsock, boolean announced) throws IOException {
    var processes = new VmProcesses(qemu, vsock.helpers());
    return host.assemble(
        spec.id(), directory, processes, uid, vsock.endpoint(), qmp, errors, announced, rollback);
  }

  /** What QEMU said when a command or the whole start failed. */
  VmException failed(LinuxProcess qemu, QmpException cause) {
    return host.startFailed(spec.id(), qemu, errors, cause);
  }

  /** Descriptors on their way to QEMU; those that nobody else has are closed when it has them. */
  private static final class GivenDescriptors implements AutoCloseable {
    private final List<Fd> given = new ArrayList<>();
    private final List<Fd> owned = new ArrayList<>();

    int own(Fd fd) {
      owned.add(fd);
      return lend(fd).getAsInt();
    }

    OptionalInt lend(Fd fd) {
      given.add(fd);
      return OptionalInt.of(FIRST_DESCRIPTOR + given.size() - 1);
    }

    List<Fd> descriptors() {
      return List.copyOf(given);
    }

    @Override
    public void close() {
      owned.forEach(Fd::close);
    }
  }
}
