package dev.izolo.agent.container;

import dev.izolo.agent.MemoryInfo;
import dev.izolo.agent.linux.Mounts;
import dev.izolo.agent.v1.ContainerUsage;
import dev.izolo.agent.v1.GetStatsResponse;
import dev.izolo.agent.v1.InterfaceUsage;
import dev.izolo.agent.v1.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Usage of the VM, its containers and its network, read from the kernel's own counters when asked. */
public final class Stats {
  private static final long NANOS_PER_MICRO = 1000;

  private final ContainerRegistry registry;
  private final Cgroups cgroups;
  private final Path root;

  /** @param root the cgroup mount */
  public Stats(ContainerRegistry registry, Cgroups cgroups, Path root) {
    this.registry = registry;
    this.cgroups = cgroups;
    this.root = root;
  }

  /** Of the containers named, or of all if none is; unknown ones are left out. */
  public GetStatsResponse read(List<String> ids) throws IOException {
    GetStatsResponse.Builder stats = GetStatsResponse.newBuilder();
    for (Container container : registry.all()) {
      if (ids.isEmpty() || ids.contains(container.id())) {
        stats.addContainers(container(container));
      }
    }
    return stats.setSandbox(sandbox()).addAllInterfaces(interfaces(Files.readString(Path.of("/proc/net/dev")))).build();
  }

  private ContainerUsage container(Container container) throws IOException {
    ContainerUsage.Builder usage =
        ContainerUsage.newBuilder().setContainerId(container.id()).setUsage(group(cgroups.directory(container.id())));
    if (container.root() != null) {
      Mounts.Usage disk = Mounts.usage(container.root().writable());
      usage.setWritableUsedBytes(disk.usedBytes()).setWritableUsedInodes(disk.usedInodes());
    }
    return usage.build();
  }

  /** A group's usage; zeros for one that does not exist, such as a container's that has not been started. */
  static Usage group(Path group) {
    String memory = CgroupFiles.read(group.resolve("memory.stat"));
    long current = CgroupFiles.number(CgroupFiles.read(group.resolve("memory.current")));
    return Usage.newBuilder()
        .setAtUnixNanos(Clock.unixNanos())
        .setCpuUsageNanos(
            CgroupFiles.value(CgroupFiles.read(group.resolve("cpu.stat")), "usage_usec") * NANOS_PER_MICRO)
        .setMemoryUsageBytes(current)
        .setMemoryWorkingSetBytes(Math.max(0, current - CgroupFiles.value(memory, "inactive_file")))
        .setMemoryRssBytes(CgroupFiles.value(memory, "anon"))
        .setMemoryPageFaults(CgroupFiles.value(memory, "pgfault"))
        .setMemoryMajorPageFaults(CgroupFiles.value(memory, "pgmajfault"))
        .setMemoryLimitBytes(CgroupFiles.number(CgroupFiles.read(group.resolve("memory.max"))))
        .setProcessCount(CgroupFiles.number(CgroupFiles.read(group.resolve("pids.current"))))
        .setSwapUsageBytes(CgroupFiles.number(CgroupFiles.read(group.resolve("memory.swap.current"))))
        .build();
  }

  private Usage sandbox() throws IOException {
    MemoryInfo memory = MemoryInfo.parse(Files.readString(Path.of("/proc/meminfo")));
    String paging = CgroupFiles.read(Path.of("/proc/vmstat"));
    long used = memory.totalBytes() - memory.availableBytes();
    return Usage.newBuilder()
        .setAtUnixNanos(Clock.unixNanos())
        .setCpuUsageNanos(
            CgroupFiles.value(CgroupFiles.read(root.resolve("cpu.stat")), "usage_usec") * NANOS_PER_MICRO)
        .setMemoryUsageBytes(used)
        .setMemoryWorkingSetBytes(used)
        .setMemoryRssBytes(memory.anonymousBytes())
        .setMemoryPageFaults(CgroupFiles.value(paging, "pgfault"))
        .setMemoryMajorPageFaults(CgroupFiles.value(paging, "pgmajfault"))
        .setMemoryLimitBytes(memory.totalBytes())
        .setProcessCount(processCount())
        .setSwapUsageBytes(memory.swapUsedBytes())
        .build();
  }

  private static long processCount() throws IOException {
    try (var entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      long count = 0;
      for (Path ignored : entries) {
        count++;
      }
      return count;
    }
  }

  /** The interfaces in /proc/net/dev's text, but for loopback; lines of another form are passed over. */
  static List<InterfaceUsage> interfaces(String text) {
    List<InterfaceUsage> interfaces = new ArrayList<>();
    for (String line : text.split("\n")) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        continue;
      }
      String name = line.substring(0, colon).strip();
      String[] fields = line.substring(colon + 1).strip().split("\\s+");
      if (fields.length >= 11 && !name.equals("lo")) {
        interfaces.add(InterfaceUsage.newBuilder().setName(name)
            .setRxBytes(CgroupFiles.number(fields[0])).setRxErrors(CgroupFiles.number(fields[2]))
            .setTxBytes(CgroupFiles.number(fields[8])).setTxErrors(CgroupFiles.number(fields[10])).build());
      }
    }
    return interfaces;
  }
}
