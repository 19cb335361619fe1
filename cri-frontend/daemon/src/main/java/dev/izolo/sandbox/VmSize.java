package dev.izolo.sandbox;

import dev.izolo.cri.v1.LinuxContainerResources;
import dev.izolo.cri.v1.LinuxPodSandboxConfig;

/**
 * How big a pod's VM is. One rule: as many virtual CPUs as the pod's CPU limit and overhead come to, rounded up, and as
 * much memory as its limit and overhead, rounded up to {@value #MEMORY_STEP_MIB} MiB; never less than the runtime
 * handler's defaults, never more than the host has. A pod with a memory limit but without an overhead of its own
 * (RuntimeClass) gets {@value #GUEST_RESERVE_MIB} MiB for the guest's kernel and agent on top of its limit.
 */
public record VmSize(int vcpus, int memoryMib) {
  static final int MEMORY_STEP_MIB = 32;
  static final int GUEST_RESERVE_MIB = 128;

  /** @param host upper bound */
  public static VmSize of(LinuxPodSandboxConfig pod, RuntimeHandler handler, VmSize host) {
    double cpus = cpus(pod.getResources()) + cpus(pod.getOverhead());
    int vcpus = (int) Math.min(host.vcpus, Math.max(handler.vcpus(), Math.ceil(cpus)));
    long memory = handler.memoryMib();
    long limit = pod.getResources().getMemoryLimitInBytes();
    if (limit > 0) {
      long overhead = pod.getOverhead().getMemoryLimitInBytes();
      double mib = limit / 1048576.0 + (overhead > 0 ? overhead / 1048576.0 : GUEST_RESERVE_MIB);
      memory = Math.max(memory, (long) Math.ceil(mib / MEMORY_STEP_MIB) * MEMORY_STEP_MIB);
    }
    return new VmSize(Math.max(1, vcpus), (int) Math.min(host.memoryMib, memory));
  }

  private static double cpus(LinuxContainerResources resources) {
    return resources.getCpuQuota() > 0 && resources.getCpuPeriod() > 0
        ? (double) resources.getCpuQuota() / resources.getCpuPeriod()
        : 0;
  }
}
