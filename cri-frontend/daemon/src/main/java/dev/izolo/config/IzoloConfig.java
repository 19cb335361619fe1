package dev.izolo.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that can be configured. Every key's meaning is told in the sample, {@code config.sample.toml}.
 *
 * @param listen path of the CRI socket
 * @param runtimeHandlers by name; holds the default one
 */
public record IzoloConfig(
    Path stateDir,
    Path runDir,
    Path listen,
    CgroupDriverChoice cgroupDriver,
    Duration shutdownGrace,
    String defaultRuntimeHandler,
    Hypervisor hypervisor,
    Sandbox sandbox,
    Map<String, RuntimeHandler> runtimeHandlers,
    Template template,
    Pool pool,
    Image image,
    Network network,
    Stats stats,
    Log log) {

  /** How the kubelet is told to make cgroups. */
  public enum CgroupDriverChoice {
    AUTO,
    SYSTEMD,
    CGROUPFS
  }

  /** The {@code [hypervisor]} table; an empty path is the artefact that the launcher's set-up made, or PATH's QEMU. */
  public record Hypervisor(
      AcceleratorChoice accelerator,
      String qemu,
      String kernel,
      String rootfs,
      VsockChoice vsock,
      String vsockBackend,
      int uidMin,
      int uidMax) {}

  /** What runs the guest's instructions. */
  public enum AcceleratorChoice {
    AUTO,
    KVM,
    TCG
  }

  /** How the daemon reaches the guest's agent. */
  public enum VsockChoice {
    AUTO,
    KERNEL,
    VHOST_USER
  }

  /** The {@code [sandbox]} table: what every pod gets, and the time its VM has to become usable. */
  public record Sandbox(int vcpus, ByteSize memory, Duration bootTimeout, ByteSize scratchSize) {}

  /** One {@code [runtime_handlers.NAME]} table; absent sizes are the sandbox's, an absent pool size the pool's. */
  public record RuntimeHandler(
      OciRuntime ociRuntime,
      Optional<Integer> vcpus,
      Optional<ByteSize> memory,
      StartChoice start,
      Optional<Integer> poolSize) {}

  /** The fastest way in which a handler's pods may start. */
  public enum StartChoice {
    POOL,
    TEMPLATE,
    COLD
  }

  /** The {@code [template]} table. */
  public record Template(boolean enabled, boolean shareMemory) {}

  /** The {@code [pool]} table: sandboxes that wait for pods. */
  public record Pool(int size, ByteSize maxMemory) {}

  /** The program that makes containers inside the guest. */
  public enum OciRuntime {
    RUNC,
    CRUN
  }

  /** The {@code [image]} table. */
  public record Image(
      List<String> plainHttpHosts,
      Path hostsDir,
      int maxConcurrentDownloads,
      ByteSize maxLayerSize,
      int maxLayerEntries,
      ByteSize minFreeSpace,
      Duration registryTimeout,
      int registryAttempts) {}

  /** The {@code [network]} table. */
  public record Network(Path cniConfDir, List<Path> cniBinDirs, Duration pluginTimeout) {}

  /** The {@code [stats]} table: what pods and containers use. */
  public record Stats(Duration maxAge) {}

  /** The {@code [log]} table: the daemon's own log. */
  public record Log(LogLevel level) {}

  /** From quiet to talkative. */
  public enum LogLevel {
    ERROR,
    WARN,
    INFO,
    DEBUG
  }

  /** The configuration of a host without a configuration file. */
  public static IzoloConfig defaults() {
    try {
      return ConfigReader.parse("defaults", "", Map.of());
    } catch (ConfigException e) {
      throw new IllegalStateException("the defaults contradict each other", e);
    }
  }

  /** The same with another socket, as {@code --listen} asks. */
  public IzoloConfig withListen(Path socket) {
    return new IzoloConfig(stateDir, runDir, socket, cgroupDriver, shutdownGrace, defaultRuntimeHandler, hypervisor,
        sandbox, runtimeHandlers, template, pool, image, network, stats, log);
  }
}
