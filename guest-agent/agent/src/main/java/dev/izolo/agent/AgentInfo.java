package dev.izolo.agent;

import dev.izolo.agent.v1.GetInfoResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Facts of this VM and this agent, read from /proc when asked. */
final class AgentInfo {
  /** Set by the VM's init script just before it becomes the agent: /proc/uptime's first field, in seconds. */
  static final String EXEC_UPTIME_VARIABLE = "IZOLO_EXEC_UPTIME";

  private static final List<String> RUNTIMES = List.of("runc", "crun");

  private final long startedNanos;
  private final AgentPaths paths;
  private volatile long readyNanos;
  private volatile boolean configured;

  AgentInfo(long startedNanos, AgentPaths paths) {
    this.startedNanos = execNanos(System.getenv(EXEC_UPTIME_VARIABLE), startedNanos);
    this.paths = paths;
  }

  void markReady() {
    // Java's monotonic clock is the kernel's, which starts with the kernel.
    readyNanos = System.nanoTime();
  }

  void markConfigured(boolean now) {
    configured = now;
  }

  /** @param withBootId never for a VM that is still to be copied: reading the boot id makes it, for all copies */
  GetInfoResponse read(boolean withBootId) throws IOException {
    MemoryInfo memory = MemoryInfo.parse(readText("/proc/meminfo"));
    GetInfoResponse.Builder info =
        GetInfoResponse.newBuilder()
            .setAgentVersion(version())
            .setKernelRelease(readText("/proc/sys/kernel/osrelease").strip())
            .setAgentStartedNanos(startedNanos)
            .setAgentReadyNanos(readyNanos)
            .setBootId(withBootId ? bootId() : "")
            .setConfigured(configured)
            .setOnlineCpus(Runtime.getRuntime().availableProcessors())
            .setMemoryTotalBytes(memory.totalBytes())
            .setMemoryAvailableBytes(memory.availableBytes());
    Path machineId = paths.sandbox().resolve("machine-id");
    if (Files.exists(machineId)) {
      info.setMachineId(Files.readString(machineId).strip());
    }
    for (String runtime : RUNTIMES) {
      if (Programs.find(runtime) != null) {
        info.addOciRuntimes(runtime);
      }
    }
    return info.build();
  }

  private static String bootId() throws IOException {
    return readText("/proc/sys/kernel/random/boot_id").strip();
  }

  /** When the process began, by the init script's word if it left one and it is plausible. */
  static long execNanos(String uptimeSeconds, long fallbackNanos) {
    if (uptimeSeconds == null) {
      return fallbackNanos;
    }
    try {
      long nanos = (long) (Double.parseDouble(uptimeSeconds) * 1e9);
      return nanos > 0 && nanos <= fallbackNanos ? nanos : fallbackNanos;
    } catch (NumberFormatException e) {
      return fallbackNanos;
    }
  }

  private static String version() {
    String version = AgentInfo.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  private static String readText(String path) throws IOException {
    return Files.readString(Path.of(path));
  }
}
