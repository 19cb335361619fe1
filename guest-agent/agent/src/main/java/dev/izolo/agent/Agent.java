package dev.izolo.agent;

import dev.izolo.agent.container.Cgroups;
import dev.izolo.agent.container.Containers;
import dev.izolo.agent.container.Stats;
import dev.izolo.agent.linux.Machine;
import dev.izolo.agent.linux.Processes;
import dev.izolo.agent.process.IoLoop;
import dev.izolo.agent.process.Reaper;
import dev.izolo.agent.sandbox.SandboxConfigurator;
import dev.izolo.agent.storage.OverlayRoots;
import dev.izolo.agent.storage.RootfsProvider;
import dev.izolo.agent.v1.AwaitResourcesRequest;
import dev.izolo.agent.v1.AwaitResourcesResponse;
import dev.izolo.agent.v1.ConfigureSandboxRequest;
import dev.izolo.agent.v1.ConfigureSandboxResponse;
import dev.izolo.agent.v1.PrepareSandboxRequest;
import dev.izolo.agent.v1.PrepareSandboxResponse;
import io.grpc.Context;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/** The agent's parts, made once, and what concerns the VM as a whole. */
final class Agent {
  private static final Path CGROUP_MOUNT = Path.of("/sys/fs/cgroup");

  private final AgentInfo info;
  private final SandboxConfigurator sandbox;
  private final Cgroups cgroups;
  private final Containers containers;
  private final Stats stats;
  private final Hotplug hotplug = new Hotplug(Path.of("/sys/devices/system"));

  /** The agent of a real VM. */
  static Agent ofGuest(long startedNanos) {
    AgentPaths paths = AgentPaths.GUEST;
    return new Agent(startedNanos, paths, new OverlayRoots(paths.layers()), CGROUP_MOUNT, Programs::find);
  }

  /**
   * @param cgroups the cgroup mount, or a directory that stands for it
   * @param runtimes where the OCI runtimes are
   */
  Agent(long startedNanos, AgentPaths paths, RootfsProvider roots, Path cgroups, Function<String, Path> runtimes) {
    this.info = new AgentInfo(startedNanos, paths);
    this.sandbox = new SandboxConfigurator(paths);
    this.cgroups = new Cgroups(cgroups);
    this.containers = new Containers(paths, new Reaper(), new IoLoop(), roots, this.cgroups, runtimes);
    this.stats = new Stats(containers.registry(), this.cgroups, cgroups);
  }

  void markReady() {
    info.markReady();
  }

  AgentInfo info() {
    return info;
  }

  Containers containers() {
    return containers;
  }

  Stats stats() {
    return stats;
  }

  PrepareSandboxResponse prepare(PrepareSandboxRequest request) throws IOException {
    requireOwnMachine("prepared");
    cgroups.enableControllers();
    sandbox.prepare(request);
    return PrepareSandboxResponse.getDefaultInstance();
  }

  ConfigureSandboxResponse configure(ConfigureSandboxRequest request) throws IOException {
    requireOwnMachine("configured");
    sandbox.configure(request);
    info.markConfigured(true);
    return ConfigureSandboxResponse.getDefaultInstance();
  }

  AwaitResourcesResponse awaitResources(AwaitResourcesRequest request) throws IOException {
    requireOwnMachine("given more");
    Context call = Context.current();
    return hotplug.await(request.getCpus(), request.getMemoryBytes(), call::isCancelled);
  }

  /** Leaves as little as possible in memory that a copy of the VM would carry along. */
  void prepareSnapshot() throws IOException {
    requireOwnMachine("prepared for a snapshot");
    sandbox.forget();
    info.markConfigured(false);
    System.gc();
    Machine.syncDisks();
    Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "3");
  }

  void shutdown() throws IOException {
    requireOwnMachine("powered off");
    Machine.syncDisks();
    Machine.powerOff();
  }

  /** Started by hand on somebody's machine, the agent must not take that machine for a sandbox. */
  private static void requireOwnMachine(String what) {
    if (Processes.self() != 1) {
      throw new AgentException.Refused(
          "the machine is not " + what + ": this agent is not its first process, so it is not a sandbox's VM");
    }
  }
}
