package dev.izolo.agent.container;

import dev.izolo.agent.storage.RootfsProvider;
import dev.izolo.agent.v1.ContainerState;
import dev.izolo.agent.v1.PidNamespace;
import dev.izolo.agent.v1.ProcessId;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** A container as the agent knows it. Its monitor orders start and removal; everything else may be read at any time. */
final class Container {
  /** How many further processes that have ended stay listed; older ones are forgotten. */
  private static final int ENDED_EXECS_KEPT = 64;

  private final String id;
  private final Path directory;
  private final OciRuntime runtime;
  private final PidNamespace pidNamespace;
  private final boolean terminal;
  private final ManagedProcess init;
  private final Map<String, ManagedProcess> execs = new LinkedHashMap<>();
  private final AtomicLong execCount = new AtomicLong();
  private volatile RootfsProvider.Root root;
  private volatile Map<String, Object> spec;
  private volatile boolean startAttempted;
  private volatile boolean removing;

  Container(String id, Path directory, OciRuntime runtime, PidNamespace pidNamespace, boolean terminal,
      boolean stdin, boolean stdinOnce) {
    this.id = id;
    this.directory = directory;
    this.runtime = runtime;
    this.pidNamespace = pidNamespace;
    this.terminal = terminal;
    this.init = new ManagedProcess(ProcessId.newBuilder().setContainerId(id).build(), stdin, stdinOnce);
  }

  void complete(Map<String, Object> ociSpec) {
    spec = ociSpec;
  }

  void root(RootfsProvider.Root mounted) {
    root = mounted;
  }

  String id() {
    return id;
  }

  Path directory() {
    return directory;
  }

  OciRuntime runtime() {
    return runtime;
  }

  PidNamespace pidNamespace() {
    return pidNamespace;
  }

  boolean terminal() {
    return terminal;
  }

  ManagedProcess init() {
    return init;
  }

  RootfsProvider.Root root() {
    return root;
  }

  Map<String, Object> spec() {
    return spec;
  }

  boolean startAttempted() {
    return startAttempted;
  }

  void markStartAttempted() {
    startAttempted = true;
  }

  boolean removing() {
    return removing;
  }

  void markRemoving() {
    removing = true;
  }

  boolean running() {
    return init.pid() != 0 && init.exit() == null;
  }

  long nextExecNumber() {
    return execCount.incrementAndGet();
  }

  /** False if the name is taken. */
  boolean addExec(ManagedProcess process) {
    synchronized (execs) {
      return execs.putIfAbsent(process.id().getExecId(), process) == null;
    }
  }

  void removeExec(String execId) {
    synchronized (execs) {
      execs.remove(execId);
    }
  }

  ManagedProcess exec(String execId) {
    synchronized (execs) {
      return execs.get(execId);
    }
  }

  Collection<ManagedProcess> execs() {
    synchronized (execs) {
      return new java.util.ArrayList<>(execs.values());
    }
  }

  /** Forgets the oldest of many ended processes. */
  void trimExecs() {
    synchronized (execs) {
      long ended = execs.values().stream().filter(process -> process.exit() != null).count();
      Iterator<ManagedProcess> oldest = execs.values().iterator();
      while (ended > ENDED_EXECS_KEPT && oldest.hasNext()) {
        ManagedProcess process = oldest.next();
        if (process.exit() != null) {
          process.streams().close();
          oldest.remove();
          ended--;
        }
      }
    }
  }

  ContainerState state() {
    ContainerState.Builder state = ContainerState.newBuilder().setContainerId(id).setGuestPid(init.pid());
    if (init.exit() != null) {
      return state.setPhase(ContainerState.Phase.PHASE_EXITED).setExit(init.exit()).build();
    }
    return state
        .setPhase(init.pid() != 0 ? ContainerState.Phase.PHASE_RUNNING : ContainerState.Phase.PHASE_CREATED)
        .build();
  }
}
