package dev.izolo.sandbox;

import dev.izolo.agent.v1.GetStatsResponse;
import dev.izolo.agent.v1.InterfaceUsage;
import dev.izolo.agent.v1.Usage;
import dev.izolo.cri.v1.CpuUsage;
import dev.izolo.cri.v1.LinuxPodSandboxStats;
import dev.izolo.cri.v1.MemoryUsage;
import dev.izolo.cri.v1.NetworkInterfaceUsage;
import dev.izolo.cri.v1.NetworkUsage;
import dev.izolo.cri.v1.PodSandboxAttributes;
import dev.izolo.cri.v1.PodSandboxStats;
import dev.izolo.cri.v1.ProcessUsage;
import dev.izolo.cri.v1.UInt64Value;
import dev.izolo.state.CriException;
import java.time.Duration;
import java.util.List;

/** What a sandbox uses, as its guest counts it. A guest can lie here about itself, and about nobody else. */
public final class SandboxStatistics {
  /** One slow guest must not hold up the kubelet's round over all of them. */
  public static final Duration LIMIT = Duration.ofSeconds(5);

  private final PodContainers containers;
  private final CpuRates rates = new CpuRates();

  SandboxStatistics(PodContainers containers) {
    this.containers = containers;
  }

  PodSandboxStats of(Sandbox sandbox) throws CriException, InterruptedException {
    var config = sandbox.config();
    var attributes =
        PodSandboxAttributes.newBuilder()
            .setId(sandbox.id())
            .setMetadata(config.getMetadata())
            .putAllLabels(config.getLabelsMap())
            .putAllAnnotations(config.getAnnotationsMap());
    var stats = PodSandboxStats.newBuilder().setAttributes(attributes);
    if (!sandbox.isReady()) {
      return stats.build();
    }
    // No container has this name, so the answer is the VM's own figures alone.
    GetStatsResponse answer = sandbox.agent().stats(List.of(sandbox.id()), LIMIT);
    Usage usage = answer.getSandbox();
    long at = usage.getAtUnixNanos();
    var network = NetworkUsage.newBuilder().setTimestamp(at);
    for (InterfaceUsage link : answer.getInterfacesList()) {
      if (link.getName().equals("lo")) {
        continue;
      }
      NetworkInterfaceUsage shown = interfaceUsage(link);
      if (!network.hasDefaultInterface()) {
        network.setDefaultInterface(shown);
      } else {
        network.addInterfaces(shown);
      }
    }
    return stats
        .setLinux(
            LinuxPodSandboxStats.newBuilder()
                .setCpu(cpu(rates, sandbox.id(), usage))
                .setMemory(memory(usage))
                .setNetwork(network)
                .setProcess(
                    ProcessUsage.newBuilder().setTimestamp(at).setProcessCount(value(usage.getProcessCount())))
                .addAllContainers(containers.stats(sandbox)))
        .build();
  }

  void forget(String sandboxId) {
    rates.forget(sandboxId);
  }

  public static CpuUsage cpu(CpuRates rates, String id, Usage usage) {
    var cpu =
        CpuUsage.newBuilder()
            .setTimestamp(usage.getAtUnixNanos())
            .setUsageCoreNanoSeconds(value(usage.getCpuUsageNanos()));
    rates
        .nanoCores(id, usage.getAtUnixNanos(), usage.getCpuUsageNanos())
        .ifPresent(rate -> cpu.setUsageNanoCores(value(rate)));
    return cpu.build();
  }

  public static MemoryUsage memory(Usage usage) {
    var memory =
        MemoryUsage.newBuilder()
            .setTimestamp(usage.getAtUnixNanos())
            .setWorkingSetBytes(value(usage.getMemoryWorkingSetBytes()))
            .setUsageBytes(value(usage.getMemoryUsageBytes()))
            .setRssBytes(value(usage.getMemoryRssBytes()))
            .setPageFaults(value(usage.getMemoryPageFaults()))
            .setMajorPageFaults(value(usage.getMemoryMajorPageFaults()));
    if (usage.getMemoryLimitBytes() > 0) {
      memory.setAvailableBytes(value(usage.getMemoryLimitBytes() - usage.getMemoryWorkingSetBytes()));
    }
    return memory.build();
  }

  private static NetworkInterfaceUsage interfaceUsage(InterfaceUsage link) {
    return NetworkInterfaceUsage.newBuilder()
        .setName(link.getName())
        .setRxBytes(value(link.getRxBytes()))
        .setRxErrors(value(link.getRxErrors()))
        .setTxBytes(value(link.getTxBytes()))
        .setTxErrors(value(link.getTxErrors()))
        .build();
  }

  public static UInt64Value value(long number) {
    return UInt64Value.newBuilder().setValue(Math.max(0, number)).build();
  }
}
