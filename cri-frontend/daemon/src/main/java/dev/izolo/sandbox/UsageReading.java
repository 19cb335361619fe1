package dev.izolo.sandbox;

import dev.izolo.agent.v1.Usage;
import dev.izolo.cri.v1.CpuUsage;
import dev.izolo.cri.v1.MemoryUsage;
import dev.izolo.cri.v1.SwapUsage;
import dev.izolo.cri.v1.UInt64Value;

/** What a VM or a container used at one time: the guest's numbers, copied, so that nothing else of its answer is kept. */
public record UsageReading(
    CpuReading cpu,
    long memoryUsageBytes,
    long memoryWorkingSetBytes,
    long memoryRssBytes,
    long memoryPageFaults,
    long memoryMajorPageFaults,
    long memoryLimitBytes,
    long processCount,
    long swapUsageBytes) {

  /** @param before the reading before this one of the same thing, or null */
  static UsageReading of(Usage usage, UsageReading before) {
    CpuReading cpu = before == null
        ? CpuReading.first(usage.getAtUnixNanos(), usage.getCpuUsageNanos())
        : before.cpu.next(usage.getAtUnixNanos(), usage.getCpuUsageNanos());
    return new UsageReading(cpu, usage.getMemoryUsageBytes(), usage.getMemoryWorkingSetBytes(),
        usage.getMemoryRssBytes(), usage.getMemoryPageFaults(), usage.getMemoryMajorPageFaults(),
        usage.getMemoryLimitBytes(), usage.getProcessCount(), usage.getSwapUsageBytes());
  }

  /** When the guest read its counters, by its clock. */
  public long atUnixNanos() {
    return cpu.atUnixNanos();
  }

  public CpuUsage shownCpu() {
    var shown = CpuUsage.newBuilder()
        .setTimestamp(atUnixNanos())
        .setUsageCoreNanoSeconds(value(cpu.usedNanos()));
    cpu.nanoCores().ifPresent(rate -> shown.setUsageNanoCores(value(rate)));
    return shown.build();
  }

  public MemoryUsage shownMemory() {
    var shown = MemoryUsage.newBuilder()
        .setTimestamp(atUnixNanos())
        .setWorkingSetBytes(value(memoryWorkingSetBytes))
        .setUsageBytes(value(memoryUsageBytes))
        .setRssBytes(value(memoryRssBytes))
        .setPageFaults(value(memoryPageFaults))
        .setMajorPageFaults(value(memoryMajorPageFaults));
    if (memoryLimitBytes > 0) {
      shown.setAvailableBytes(value(memoryLimitBytes - memoryWorkingSetBytes));
    }
    return shown.build();
  }

  public SwapUsage shownSwap() {
    return SwapUsage.newBuilder().setTimestamp(atUnixNanos()).setSwapUsageBytes(value(swapUsageBytes)).build();
  }

  /** A guest's number; a negative one is none that a kernel gives. */
  public static UInt64Value value(long number) {
    return UInt64Value.newBuilder().setValue(Math.max(0, number)).build();
  }
}
