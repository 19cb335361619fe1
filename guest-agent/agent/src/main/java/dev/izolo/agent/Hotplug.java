package dev.izolo.agent;

import dev.izolo.agent.v1.AwaitResourcesResponse;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/**
 * Processors and memory that come while the VM runs, by sysfs (the kernel's admin-guide "cputopology" and
 * "memory-hotplug"). New memory the kernel takes by itself; a new processor somebody must bring online.
 */
final class Hotplug {
  // The kernel tells of new processors by uevents only, whose socket floods whenever disks come and go.
  private static final long POLL_MILLIS = 5;

  private final Path system;

  /** @param system where /sys/devices/system is */
  Hotplug(Path system) {
    this.system = system;
  }

  /** Looks until there is as much as asked for, or the caller has gone. */
  AwaitResourcesResponse await(int cpus, long memoryBytes, BooleanSupplier callerGone) throws IOException {
    while (true) {
      int cpusNow = bringProcessorsOnline();
      long memoryNow = onlineMemoryBytes();
      if (cpusNow >= cpus && memoryNow >= memoryBytes) {
        return AwaitResourcesResponse.newBuilder().setCpus(cpusNow).setMemoryBytes(memoryNow).build();
      }
      if (callerGone.getAsBoolean()) {
        throw new AgentException.Refused("the VM has " + cpusNow + " processors and " + memoryNow
            + " bytes of memory, not " + cpus + " and " + memoryBytes);
      }
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AgentException.Refused("interrupted while waiting for processors and memory");
      }
    }
  }

  /** How many processors are online afterwards. */
  private int bringProcessorsOnline() throws IOException {
    Path cpus = system.resolve("cpu");
    try (DirectoryStream<Path> all = Files.newDirectoryStream(cpus, "cpu[0-9]*")) {
      for (Path cpu : all) {
        Path state = cpu.resolve("online");
        // The first processor of most machines cannot be taken offline and has no such file.
        if (Files.exists(state) && isZero(state)) {
          Files.writeString(state, "1");
        }
      }
    }
    return count(Files.readString(cpus.resolve("online")).strip());
  }

  /** Members of a kernel's list such as {@code 0-3,6}. */
  static int count(String list) {
    int members = 0;
    for (String range : list.split(",")) {
      int dash = range.indexOf('-');
      members += dash < 0
          ? 1
          : Integer.parseInt(range.substring(dash + 1)) - Integer.parseInt(range.substring(0, dash)) + 1;
    }
    return members;
  }

  private long onlineMemoryBytes() throws IOException {
    Path memory = system.resolve("memory");
    long blockBytes = Long.parseLong(Files.readString(memory.resolve("block_size_bytes")).strip(), 16);
    long bytes = 0;
    try (DirectoryStream<Path> blocks = Files.newDirectoryStream(memory, "memory[0-9]*")) {
      for (Path block : blocks) {
        bytes += isZero(block.resolve("online")) ? 0 : blockBytes;
      }
    }
    return bytes;
  }

  private static boolean isZero(Path file) throws IOException {
    return Files.readString(file).strip().equals("0");
  }
}
