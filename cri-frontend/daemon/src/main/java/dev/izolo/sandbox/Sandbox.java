package dev.izolo.sandbox;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.izolo.agentclient.AgentClient;
import dev.izolo.cri.v1.PodSandbox;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.state.CriException;
import dev.izolo.state.RecordStore;
import dev.izolo.state.RunStep;
import dev.izolo.state.SandboxRecord;
import dev.izolo.vm.Vm;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * A sandbox in memory: its record as it is on disk, and its VM while there is one. Safe for concurrent use.
 *
 * <p>Order of locks: {@link #lifecycle}, then a container's own, then {@link #disks}'. Nobody holds the lock of the
 * record while doing anything but writing it.
 */
public final class Sandbox {
  private final RecordStore store;
  private final PodSandboxConfig config;
  private final ReadWriteLock lifecycle = new ReentrantReadWriteLock();
  private final ReentrantLock recordLock = new ReentrantLock();
  private final SandboxDisks disks;
  private final UsageSampler usage;
  private volatile SandboxRecord record;
  private volatile Listed listed = new Listed(null, null);
  private volatile Vm vm;
  private volatile AgentClient agent;

  /** @param record not saved yet for a new one */
  Sandbox(RecordStore store, SandboxRecord record) throws CriException {
    this.store = store;
    this.record = record;
    this.disks = new SandboxDisks(this);
    this.usage = new UsageSampler(
        record.id(), containerIds -> agent().stats(containerIds, UsageSampler.LIMIT), this::isReady,
        UsageSampler.SYSTEM_TIMER);
    try {
      this.config = PodSandboxConfig.parseFrom(record.config());
    } catch (InvalidProtocolBufferException e) {
      throw new CriException.Internal("the record of sandbox " + record.id() + " holds no configuration", e);
    }
  }

  public String id() {
    return record.id();
  }

  public SandboxRecord record() {
    return record;
  }

  public PodSandboxConfig config() {
    return config;
  }

  /** Read: containers are created and the sandbox stays. Write: it is stopped or removed. */
  public ReadWriteLock lifecycle() {
    return lifecycle;
  }

  public SandboxDisks disks() {
    return disks;
  }

  UsageSampler usage() {
    return usage;
  }

  /** What lists show, and the record that it shows. */
  private record Listed(SandboxRecord record, PodSandbox shown) {}

  /** As lists show it: built once for each record, since the kubelet lists every second and little changes meanwhile. */
  PodSandbox listed() {
    SandboxRecord now = record;
    Listed kept = listed;
    if (kept.record != now) {
      kept = new Listed(now, SandboxViews.listed(now, config));
      listed = kept;
    }
    return kept.shown;
  }

  public boolean isReady() {
    return record.step() == RunStep.READY;
  }

  /** @throws CriException.FailedPrecondition if it is not ready */
  public void requireReady() throws CriException {
    SandboxRecord now = record;
    if (now.step() != RunStep.READY) {
      throw new CriException.FailedPrecondition(
          "sandbox " + id() + " is not ready" + (now.message().isEmpty() ? "" : ": " + now.message()), null);
    }
  }

  /**
   * The VM.
   *
   * @throws CriException.Unavailable when there is none
   */
  public Vm vm() throws CriException {
    Vm current = vm;
    if (current == null) {
      throw new CriException.Unavailable("sandbox " + id() + " has no running VM", null);
    }
    return current;
  }

  /** The VM that this daemon started or took over, whether or not it still runs. */
  Optional<Vm> machine() {
    return Optional.ofNullable(vm);
  }

  public boolean hasVm() {
    Vm current = vm;
    return current != null && !current.exited().isDone();
  }

  public AgentClient agent() throws CriException {
    AgentClient current = agent;
    if (current == null) {
      throw new CriException.Unavailable("sandbox " + id() + " has no running VM", null);
    }
    return current;
  }

  void attach(Vm machine, Duration callLimit) {
    agent = new AgentClient(machine, callLimit);
    vm = machine;
  }

  /** Writes a changed record, then shows it. */
  public void update(UnaryOperator<SandboxRecord> change) throws CriException {
    updateIf(_ -> true, change);
  }

  /** Like {@link #update}, for what the host's end makes untrue anyway: the write need not survive that. */
  public void note(UnaryOperator<SandboxRecord> change) throws CriException {
    recordLock.lock();
    try {
      SandboxRecord changed = change.apply(record);
      store.note(changed);
      record = changed;
    } finally {
      recordLock.unlock();
    }
  }

  /** Like {@link #update}, unless the record is not as expected; returns whether it was. */
  boolean updateIf(Predicate<SandboxRecord> expected, UnaryOperator<SandboxRecord> change) throws CriException {
    recordLock.lock();
    try {
      if (!expected.test(record)) {
        return false;
      }
      SandboxRecord changed = change.apply(record);
      store.save(changed);
      record = changed;
      return true;
    } finally {
      recordLock.unlock();
    }
  }
}
