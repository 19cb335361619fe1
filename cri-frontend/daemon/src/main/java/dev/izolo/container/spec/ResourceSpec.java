package dev.izolo.container.spec;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.cri.v1.HugepageLimit;
import dev.izolo.cri.v1.LinuxContainerResources;

/**
 * CRI's resource limits as OCI's {@code linux.resources}. Left out: cpusets, which number the host's CPUs and mean nothing
 * in a VM with its own, swap, which a guest has none of, and limits of huge pages that are zero.
 */
public final class ResourceSpec {
  private ResourceSpec() {}

  public static ObjectNode of(LinuxContainerResources resources) {
    ObjectNode spec = JsonNodeFactory.instance.objectNode();
    ObjectNode cpu = JsonNodeFactory.instance.objectNode();
    putPositive(cpu, "shares", resources.getCpuShares());
    putPositive(cpu, "period", resources.getCpuPeriod());
    if (resources.getCpuQuota() != 0) {
      cpu.put("quota", resources.getCpuQuota());
    }
    if (!cpu.isEmpty()) {
      spec.set("cpu", cpu);
    }
    if (resources.getMemoryLimitInBytes() > 0) {
      spec.putObject("memory").put("limit", resources.getMemoryLimitInBytes());
    }
    for (HugepageLimit limit : resources.getHugepageLimitsList()) {
      if (limit.getLimit() > 0) {
        spec.withArray("/hugepageLimits").addObject().put("pageSize", limit.getPageSize()).put("limit", limit.getLimit());
      }
    }
    resources.getUnifiedMap().forEach((key, value) -> spec.withObject("/unified").put(key, value));
    return spec;
  }

  private static void putPositive(ObjectNode node, String name, long value) {
    if (value > 0) {
      node.put(name, value);
    }
  }

  /** What is in force after an update: members that are zero or empty stay as they are. */
  public static LinuxContainerResources merge(LinuxContainerResources now, LinuxContainerResources change) {
    return now.toBuilder()
        .clearHugepageLimits()
        .addAllHugepageLimits(
            change.getHugepageLimitsCount() > 0 ? change.getHugepageLimitsList() : now.getHugepageLimitsList())
        .mergeFrom(change.toBuilder().clearHugepageLimits().build())
        .build();
  }
}
