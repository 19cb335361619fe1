package dev.izolo.vm.qemu;

import dev.izolo.lifecycle.Rollback;
import dev.izolo.lifecycle.Timeline;
import dev.izolo.linux.ErrnoException;
import dev.izolo.linux.Fd;
import dev.izolo.linux.MemoryFile;
import dev.izolo.vm.HostSupport;
import dev.izolo.vm.Template;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmSpec;
import dev.izolo.vm.Warmup;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpException;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes templates and keeps one per size. They are memory files without a name, so they end with this process at the
 * latest, and sealed, so nothing that a copy's QEMU does can change them.
 */
final class Templates implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Templates.class);

  private static final Duration BOOT_TIMEOUT = Duration.ofMinutes(3);
  private static final Duration PREPARE_TIMEOUT = Duration.ofSeconds(60);

  /** A template and its files. */
  private record Saved(Template template, MemoryFile ram, MemoryFile state, boolean link, List<String> kernelArgs)
      implements AutoCloseable {
    @Override
    public void close() {
      ram.close();
      state.close();
    }
  }

  /** The files of a template, to be used for one restore whatever becomes of the template meanwhile. */
  record Files(MemoryFile ram, MemoryFile state) implements AutoCloseable {
    @Override
    public void close() {
      ram.close();
      state.close();
    }
  }

  private record Size(int vcpus, int memoryMib) {}

  private final VmHost host;
  private final ReentrantLock making = new ReentrantLock();
  private final Map<Size, Saved> saved = new HashMap<>();
  private boolean closed;

  Templates(VmHost host) {
    this.host = host;
  }

  /** Makes one unless there is one that fits; one at a time. */
  Template make(VmSpec spec, Warmup warmup, Timeline timeline) throws VmException, InterruptedException {
    making.lockInterruptibly();
    try {
      HostSupport support = host.probe().requireUsable();
      String key = TemplateKey.of(host, support, spec);
      Optional<Template> present = find(spec.vcpus(), spec.memoryMib());
      if (present.isPresent() && present.get().key().equals(key)) {
        return present.get();
      }
      Saved made = boot(spec, support, key, warmup, timeline);
      keep(made);
      log.info("template {} made for {} MiB, taking {} MiB", key.substring(0, 12), spec.memoryMib(),
          made.template().ramBytes() >> 20);
      return made.template();
    } catch (IOException e) {
      throw new VmException.OperationFailed("a template cannot be made: " + e.getMessage(), e);
    } finally {
      making.unlock();
    }
  }

  /** Drops what does not fit the host any more. */
  synchronized Optional<Template> find(int vcpus, int memoryMib) {
    var size = new Size(vcpus, memoryMib);
    Saved found = saved.get(size);
    if (found == null) {
      return Optional.empty();
    }
    try {
      if (found.template().key().equals(currentKey(found))) {
        return Optional.of(found.template());
      }
      log.info("template {} does not fit the host any more", found.template().key().substring(0, 12));
    } catch (IOException e) {
      log.warn("cannot tell whether a template still fits the host", e);
      return Optional.empty();
    }
    saved.remove(size).close();
    return Optional.empty();
  }

  /** @throws VmException.Unsupported if the template is gone or VMs of this kind cannot be made of it */
  synchronized Files open(Template template, VmSpec spec) throws VmException.Unsupported, ErrnoException {
    Optional<Template> current = find(template.vcpus(), template.memoryMib());
    if (current.isEmpty() || !current.get().key().equals(template.key())) {
      throw new VmException.Unsupported("the template is gone or does not match this host any more", null);
    }
    Saved found = saved.get(new Size(template.vcpus(), template.memoryMib()));
    if (spec.vcpus() != template.vcpus()
        || spec.memoryMib() != template.memoryMib()
        || spec.network().isPresent() != found.link()
        || !spec.extraKernelArgs().equals(found.kernelArgs())) {
      throw new VmException.Unsupported("VM " + spec.id() + " is to be another machine than the template's", null);
    }
    MemoryFile ram = found.ram().duplicate();
    try {
      return new Files(ram, found.state().duplicate());
    } catch (ErrnoException e) {
      ram.close();
      throw e;
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    saved.values().forEach(Saved::close);
    saved.clear();
  }

  private synchronized void keep(Saved made) throws VmException {
    if (closed) {
      made.close();
      throw new VmException.OperationFailed("the template came too late: VMs are not made any more", null);
    }
    Saved old = saved.put(new Size(made.template().vcpus(), made.template().memoryMib()), made);
    if (old != null) {
      old.close();
    }
  }

  private String currentKey(Saved of) throws IOException {
    var spec =
        new VmSpec(
            "template",
            Path.of("/"),
            of.template().vcpus(),
            of.template().memoryMib(),
            of.link()
                ? Optional.of(new VmSpec.Network(Path.of("/"), "tap", "02:00:00:00:00:00"))
                : Optional.empty(),
            List.of(),
            of.kernelArgs());
    return TemplateKey.of(host, host.probe().support(), spec);
  }

  private Saved boot(VmSpec spec, HostSupport support, String key, Warmup warmup, Timeline timeline)
      throws VmException, IOException, InterruptedException {
    MemoryFile ram = VmLaunch.newRam(spec.memoryMib());
    MemoryFile state = null;
    boolean done = false;
    try {
      state = MemoryFile.create("izolo-state", 0);
      bootAndSave(spec, support, warmup, timeline, ram, state);
      ram.seal();
      state.seal();
      var template =
          new Template(
              key, spec.vcpus(), spec.memoryMib(), ram.allocatedBytes() + state.allocatedBytes(), Instant.now());
      done = true;
      return new Saved(template, ram, state, spec.network().isPresent(), List.copyOf(spec.extraKernelArgs()));
    } finally {
      if (!done) {
        ram.close();
        if (state != null) {
          state.close();
        }
      }
    }
  }

  private void bootAndSave(
      VmSpec spec, HostSupport support, Warmup warmup, Timeline timeline, MemoryFile ram, MemoryFile state)
      throws VmException, IOException, InterruptedException {
    try (var rollback = new Rollback("make a template in VM " + spec.id())) {
      var launch = new VmLaunch(host, spec, support, rollback, timeline);
      VmLaunch.Vsock vsock = launch.takeVsock();
      VmLaunch.Started started = launch.startQemu(Optional.of(ram), vsock);
      vsock.descriptor().close();
      QmpClient qmp = launch.connect(started.qemu());
      QemuVm vm = launch.assemble(started.qemu(), qmp, vsock, false);
      try (var _ = timeline.phase("template boot")) {
        vm.resume(host.settings().startTimeout());
        vm.awaitAgent(BOOT_TIMEOUT);
      }
      try (var _ = timeline.phase("template warm-up")) {
        warmUp(vm, warmup);
      }
      try (var _ = timeline.phase("template save")) {
        AgentProbe.prepareSnapshot(vm.agent(), PREPARE_TIMEOUT);
        new Balloon(qmp).squeeze(ram.size());
        if (!vm.record().disks().isEmpty()) {
          throw new VmException.OperationFailed("the warm-up has left disks attached to VM " + spec.id(), null);
        }
        vm.cutVsock(vsock.device());
        new Migration(qmp).save(state);
      }
      vm.destroy(Duration.ZERO);
    } catch (QmpException e) {
      throw new VmException.OperationFailed("VM %s cannot be saved: %s".formatted(spec.id(), e.getMessage()), e);
    } catch (StatusRuntimeException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException("cancelled while preparing VM " + spec.id() + " to be saved");
      }
      throw new VmException.OperationFailed(
          "the agent of VM %s cannot prepare to be saved: %s".formatted(spec.id(), e.getStatus()), e);
    }
  }

  private static void warmUp(QemuVm vm, Warmup warmup) throws VmException, InterruptedException {
    try {
      warmup.run(vm);
    } catch (VmException | InterruptedException e) {
      throw e;
    } catch (Exception e) {
      throw new VmException.OperationFailed("the warm-up of VM " + vm.id() + " failed: " + e.getMessage(), e);
    }
  }
}
