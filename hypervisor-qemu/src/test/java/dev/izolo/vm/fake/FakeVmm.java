package dev.izolo.vm.fake;

import dev.izolo.lifecycle.Timeline;
import dev.izolo.vm.HostSupport;
import dev.izolo.vm.Template;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmRecord;
import dev.izolo.vm.VmSpec;
import dev.izolo.vm.Vmm;
import dev.izolo.vm.Warmup;
import io.grpc.BindableService;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/**
 * A host on which VMs are in-process gRPC servers. The machines live in this object as real ones live on the host: a
 * test restarts the daemon by giving the same {@code FakeVmm} to a new one, which then {@link #adopt}s them.
 *
 * <p>Every call is recorded in {@link #calls}. {@link #failNext} scripts failures; {@link #before} runs a hook on the
 * calling thread first, for example to block in the middle of an operation.
 */
public final class FakeVmm implements Vmm, AutoCloseable {
  /** What can be called, recorded, failed and hooked. */
  public enum Operation {
    BOOT,
    MAKE_TEMPLATE,
    RESTORE,
    GROW,
    ADOPT,
    AWAIT_AGENT,
    ATTACH_DISK,
    DETACH_DISK,
    DESTROY,
    PURGE
  }

  /**
   * One call as it was made.
   *
   * @param argument the VmSpec, VmRecord, Duration, DiskSpec, AttachedDisk or Path that was given
   */
  public record Call(Operation operation, String vmId, Object argument) {}

  /** Runs before an operation takes effect; may block or throw. */
  @FunctionalInterface
  public interface Hook {
    void run(Call call) throws VmException, InterruptedException;
  }

  private final Function<VmSpec, BindableService> agents;
  private final Map<String, FakeMachine> machines = new ConcurrentHashMap<>();
  private final Map<List<Integer>, Template> templates = new ConcurrentHashMap<>();
  private final List<Call> calls = new CopyOnWriteArrayList<>();
  private final Map<Operation, Deque<VmException>> failures = new EnumMap<>(Operation.class);
  private final Map<Operation, Hook> hooks = new ConcurrentHashMap<>();

  /**
   * @param agents makes the agent of each new VM; called once per boot
   */
  public FakeVmm(Function<VmSpec, BindableService> agents) {
    this.agents = agents;
  }

  /** The next call of the operation throws; queued behind earlier ones. */
  public void failNext(Operation operation, VmException failure) {
    synchronized (failures) {
      failures.computeIfAbsent(operation, o -> new ArrayDeque<>()).add(failure);
    }
  }

  /** Sets the operation's hook, replacing the one before; null removes it. */
  public void before(Operation operation, Hook hook) {
    if (hook == null) {
      hooks.remove(operation);
    } else {
      hooks.put(operation, hook);
    }
  }

  /** Every call so far, in order. */
  public List<Call> calls() {
    return List.copyOf(calls);
  }

  public List<Call> calls(Operation operation) {
    return calls.stream().filter(call -> call.operation() == operation).toList();
  }

  /** The machines that run now; empty when nothing leaked. */
  public Collection<FakeMachine> running() {
    return machines.values().stream().filter(FakeMachine::isRunning).toList();
  }

  /** The machine with this id, running or dead, until it is destroyed. */
  public Optional<FakeMachine> machine(String id) {
    return Optional.ofNullable(machines.get(id));
  }

  @Override
  public Vm boot(VmSpec spec, Timeline timeline) throws VmException, InterruptedException {
    enter(Operation.BOOT, spec.id(), spec);
    return start(spec, timeline);
  }

  private Vm start(VmSpec spec, Timeline timeline) throws VmException {
    try (var _ = timeline.phase("fake boot")) {
      var machine = new FakeMachine(spec, agents.apply(spec));
      if (machines.putIfAbsent(spec.id(), machine) != null) {
        machine.stop("duplicate id");
        throw new VmException.OperationFailed("a VM with id " + spec.id() + " exists already", null);
      }
      return new FakeVm(this, machine);
    }
  }

  @Override
  public Template makeTemplate(VmSpec spec, Warmup warmup, Timeline timeline) throws VmException, InterruptedException {
    enter(Operation.MAKE_TEMPLATE, spec.id(), spec);
    Vm vm = boot(spec, timeline);
    try {
      warmup.run(vm);
    } catch (VmException | InterruptedException e) {
      throw e;
    } catch (Exception e) {
      throw new VmException.OperationFailed("the warm-up of the template failed: " + e.getMessage(), e);
    } finally {
      vm.destroy(Duration.ZERO);
    }
    var template = new Template("fake-" + templates.size(), spec.vcpus(), spec.memoryMib(), 0, Instant.EPOCH);
    templates.put(List.of(spec.vcpus(), spec.memoryMib()), template);
    return template;
  }

  @Override
  public Optional<Template> template(int vcpus, int memoryMib) {
    return Optional.ofNullable(templates.get(List.of(vcpus, memoryMib)));
  }

  /** As after a change of what shaped the templates. */
  public void forgetTemplates() {
    templates.clear();
  }

  @Override
  public Vm restore(VmSpec spec, Template template, Timeline timeline) throws VmException, InterruptedException {
    enter(Operation.RESTORE, spec.id(), spec);
    if (!templates.containsValue(template)) {
      throw new VmException.Unsupported("template " + template.key() + " does not match any more", null);
    }
    return start(spec, timeline);
  }

  @Override
  public Vm adopt(VmRecord record) throws VmException, InterruptedException {
    enter(Operation.ADOPT, record.id(), record);
    FakeMachine machine = machines.get(record.id());
    if (machine == null || !machine.isRunning()) {
      machines.remove(record.id());
      throw new VmException.Gone("VM " + record.id() + " does not run any more", null);
    }
    return new FakeVm(this, machine);
  }

  @Override
  public void purge(String id, Path directory) throws VmException {
    try {
      enter(Operation.PURGE, id, directory);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    FakeMachine machine = machines.remove(id);
    if (machine != null) {
      machine.stop("purged");
    }
  }

  @Override
  public HostSupport hostSupport() {
    return new HostSupport(HostSupport.Accelerator.TCG, false, "fake", List.of());
  }

  /** Stops every machine. */
  @Override
  public void close() {
    machines.values().forEach(machine -> machine.stop("test over"));
    machines.clear();
  }

  void enter(Operation operation, String vmId, Object argument) throws VmException, InterruptedException {
    var call = new Call(operation, vmId, argument);
    calls.add(call);
    Hook hook = hooks.get(operation);
    if (hook != null) {
      hook.run(call);
    }
    synchronized (failures) {
      Deque<VmException> queued = failures.get(operation);
      if (queued != null && !queued.isEmpty()) {
        throw queued.remove();
      }
    }
  }

  void forget(FakeMachine machine) {
    machines.remove(machine.id(), machine);
  }
}
