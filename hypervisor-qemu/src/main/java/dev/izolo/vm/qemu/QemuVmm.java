package dev.izolo.vm.qemu;

import dev.izolo.lifecycle.Rollback;
import dev.izolo.lifecycle.Timeline;
import dev.izolo.linux.Fd;
import dev.izolo.linux.LinuxProcess;
import dev.izolo.linux.MemoryFile;
import dev.izolo.vm.HostSupport;
import dev.izolo.vm.Template;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmRecord;
import dev.izolo.vm.VmSpec;
import dev.izolo.vm.Vmm;
import dev.izolo.vm.Warmup;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpException;
import dev.izolo.vm.vsock.VsockEndpoint;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** VMs as QEMU processes that outlive the daemon: booted, restored from templates, or taken over. */
public final class QemuVmm implements Vmm, AutoCloseable {
  private static final Pattern ID = Pattern.compile("[a-z0-9-]{1,64}");
  private static final Pattern MAC = Pattern.compile("([0-9a-f]{2}:){5}[0-9a-f]{2}");
  private static final Duration DRIVER_TIMEOUT = Duration.ofSeconds(5);

  private final VmHost host;
  private final Templates templates;

  public QemuVmm(QemuSettings settings) throws IOException {
    this.host = new VmHost(settings);
    this.templates = new Templates(host);
  }

  @Override
  public HostSupport hostSupport() {
    return host.probe().support();
  }

  @Override
  public Vm boot(VmSpec spec, Timeline timeline) throws VmException, InterruptedException {
    validate(spec);
    HostSupport support = host.probe().requireUsable();
    try (var rollback = new Rollback("boot VM " + spec.id())) {
      var launch = new VmLaunch(host, spec, support, rollback, timeline);
      VmLaunch.Vsock vsock = launch.takeVsock();
      VmLaunch.Started started;
      // Memory of QEMU's own can be of huge pages; a backend outside QEMU needs a file.
      try (MemoryFile ram = host.probe().usesKernelVsock() ? null : VmLaunch.newRam(spec.memoryMib())) {
        started = launch.startQemu(Optional.ofNullable(ram), vsock);
      }
      vsock.descriptor().close();
      QemuVm vm;
      try (var _ = timeline.phase("qemu start")) {
        QmpClient qmp = launch.connect(started.qemu());
        vm = launch.assemble(started.qemu(), qmp, vsock, false);
        vm.resume(host.settings().startTimeout());
      }
      rollback.commit();
      return vm;
    } catch (QmpException e) {
      throw new VmException.BootFailed("VM %s did not boot, phase qemu: %s".formatted(spec.id(), e.getMessage()), e);
    } catch (IOException e) {
      requireNotCancelled(e);
      throw new VmException.OperationFailed("VM %s cannot be started: %s".formatted(spec.id(), e.getMessage()), e);
    }
  }

  @Override
  public Template makeTemplate(VmSpec spec, Warmup warmup, Timeline timeline)
      throws VmException, InterruptedException {
    validate(spec);
    return templates.make(spec, warmup, timeline);
  }

  @Override
  public Optional<Template> template(int vcpus, int memoryMib) {
    return templates.find(vcpus, memoryMib);
  }

  @Override
  public Vm restore(VmSpec spec, Template template, Timeline timeline) throws VmException, InterruptedException {
    validate(spec);
    HostSupport support = host.probe().requireUsable();
    // A backend outside QEMU must see what the guest writes, so the guest needs a file of its own.
    boolean copied = !host.probe().usesKernelVsock() || !host.settings().shareTemplateMemory();
    try (Templates.Files files = templates.open(template, spec);
        var rollback = new Rollback("restore VM " + spec.id())) {
      var launch = new VmLaunch(host, spec, support, rollback, timeline);
      var vsockFork = new Fork<>("vsock-" + spec.id(), launch::startVsock);
      rollback.push(
          "end the vsock backend",
          () -> {
            vsockFork.cancel();
            if (vsockFork.succeeded()) {
              VmLaunch.release(vsockFork.result());
            }
          });
      MemoryFile ram = copied ? VmLaunch.newRam(spec.memoryMib()) : files.ram();
      try (ram) {
        var copyFork = new Fork<>("copy-" + spec.id(), () -> copy(files.ram(), ram, copied, timeline));
        rollback.push("end the copy", copyFork::cancel);
        QemuVm vm = load(launch, ram, copied, files.state(), copyFork, vsockFork, timeline);
        rollback.commit();
        return vm;
      }
    } catch (QmpException e) {
      throw new VmException.BootFailed("VM %s was not restored: %s".formatted(spec.id(), e.getMessage()), e);
    } catch (IOException e) {
      requireNotCancelled(e);
      throw new VmException.OperationFailed("VM %s cannot be restored: %s".formatted(spec.id(), e.getMessage()), e);
    }
  }

  private QemuVm load(
      VmLaunch launch,
      MemoryFile ram,
      boolean shared,
      MemoryFile state,
      Fork<Boolean> copyFork,
      Fork<VmLaunch.Vsock> vsockFork,
      Timeline timeline)
      throws VmException, QmpException, IOException, InterruptedException {
    VmLaunch.Started started;
    QmpClient qmp;
    Migration migration;
    try (var _ = timeline.phase("qemu start")) {
      started = launch.startIncoming(ram, shared, state);
      qmp = launch.connect(started.qemu());
      migration = new Migration(qmp);
      migration.prepareLoad();
    }
    copyFork.join();
    try (var _ = timeline.phase("load state")) {
      migration.load(started.state().orElseThrow());
    } catch (QmpException.Disconnected e) {
      throw launch.failed(started.qemu(), e);
    }
    try (var _ = timeline.phase("plug vsock")) {
      VmLaunch.Vsock vsock = vsockFork.join();
      var plug = new VsockPlug(qmp);
      plug.plug(vsock);
      vsock.descriptor().close();
      QemuVm vm = launch.assemble(started.qemu(), qmp, vsock, true);
      vm.resume(host.settings().startTimeout());
      plug.awaitDriver(DRIVER_TIMEOUT);
      return vm;
    }
  }

  private static boolean copy(MemoryFile from, MemoryFile to, boolean wanted, Timeline timeline)
      throws IOException, InterruptedException {
    if (wanted) {
      try (var _ = timeline.phase("copy memory")) {
        from.copyTo(to);
      }
    }
    return wanted;
  }

  @Override
  public Vm adopt(VmRecord record) throws VmException, InterruptedException {
    var directory = new VmDirectory(record.directory());
    try (var rollback = new Rollback("adopt VM " + record.id())) {
      // Whatever stands in the way of adopting it, it is of no more use: purge kills by user id, files and ids go.
      rollback.push("remove what is left of the VM", () -> purge(record.id(), record.directory()));
      LinuxProcess qemu = VmHost.hold(record.qemu()).orElseThrow(() -> gone(record, "QEMU has ended", null));
      var helpers = new ArrayList<LinuxProcess>();
      for (VmRecord.ProcessIdentity helper : record.helpers()) {
        helpers.add(VmHost.hold(helper).orElseThrow(() -> gone(record, "its vsock backend has ended", null)));
      }
      Fd errors = directory.openErrors();
      rollback.push("close the VM's error output", errors::close);
      QmpClient qmp = host.connectQmp(record.id(), directory, qemu, errors);
      rollback.push("disconnect from QEMU", qmp::close);
      QemuVm vm =
          host.assemble(
              record.id(),
              directory,
              new VmProcesses(qemu, List.copyOf(helpers)),
              record.uid(),
              VsockEndpoint.parse(record.vsock()),
              qmp,
              errors,
              true,
              rollback);
      vm.readopt(record.disks());
      rollback.commit();
      return vm;
    } catch (QmpException | IOException | IllegalArgumentException e) {
      throw gone(record, "it cannot be reached: " + e.getMessage(), e);
    }
  }

  @Override
  public void purge(String id, Path directory) throws VmException {
    host.purge(id, directory);
  }

  /** Leaves every VM running; only this process's connections to them end, and the templates. */
  @Override
  public void close() {
    templates.close();
    host.close();
  }

  private static VmException gone(VmRecord record, String why, Exception cause) {
    return new VmException.Gone("VM " + record.id() + " does not run any more: " + why, cause);
  }

  /** An interrupt closes the file that is being read at the moment. */
  private static void requireNotCancelled(IOException e) throws InterruptedException {
    if (e instanceof ClosedByInterruptException) {
      Thread.interrupted();
      throw new InterruptedException("cancelled");
    }
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
}
