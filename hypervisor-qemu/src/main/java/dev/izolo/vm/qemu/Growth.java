package dev.izolo.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.lifecycle.Rollback;
import dev.izolo.vm.VmException;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpException;
import dev.izolo.vm.qmp.QmpMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Hot-plugs processors and memory. What a machine has is asked of QEMU every time, so a growth that failed half-way can
 * be tried again, by another daemon too.
 */
final class Growth {
  private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(20);
  /** The guest kernel takes memory in blocks of this size only (x86-64, below 64 GiB). */
  private static final long BLOCK_BYTES = 128L << 20;

  private final QmpClient qmp;
  private final boolean sharedMemory;

  /** What the machine has now, whether the guest uses it or not. */
  record Size(int vcpus, long memoryBytes) {}

  /** @param sharedMemory whether something outside QEMU must see the guest's memory */
  Growth(QmpClient qmp, boolean sharedMemory) {
    this.qmp = qmp;
    this.sharedMemory = sharedMemory;
  }

  /** Plugs what is missing. */
  Size plug(int vcpus, int memoryMib) throws VmException, QmpException, InterruptedException {
    return new Size(plugProcessors(vcpus), plugMemory((long) memoryMib << 20));
  }

  private int plugProcessors(int wanted) throws VmException, QmpException, InterruptedException {
    JsonNode slots = qmp.execute("query-hotpluggable-cpus", QmpMessage.arguments(), COMMAND_TIMEOUT);
    List<JsonNode> free = new ArrayList<>();
    int present = 0;
    for (JsonNode slot : slots) {
      if (slot.has("qom-path")) {
        present++;
      } else {
        free.add(slot);
      }
    }
    int missing = Math.max(0, wanted - present);
    if (missing > free.size()) {
      throw new VmException.Exhausted(
          "the VM cannot grow to %d processors: its machine has room for %d".formatted(wanted, present + free.size()),
          null);
    }
    // QEMU lists the highest first; a guest with holes in the numbering would be odd.
    for (JsonNode slot : free.reversed().subList(0, missing)) {
      ObjectNode device = QmpMessage.arguments();
      device.put("driver", slot.path("type").asText());
      if (slot.path("props") instanceof ObjectNode place) {
        device.setAll(place);
      }
      qmp.execute("device_add", device, COMMAND_TIMEOUT);
    }
    return present + missing;
  }

  private long plugMemory(long wantedBytes) throws VmException, QmpException, InterruptedException {
    JsonNode summary = qmp.execute("query-memory-size-summary", QmpMessage.arguments(), COMMAND_TIMEOUT);
    long present = summary.path("base-memory").asLong() + summary.path("plugged-memory").asLong();
    if (present >= wantedBytes) {
      return present;
    }
    long bytes = Math.ceilDiv(wantedBytes - present, BLOCK_BYTES) * BLOCK_BYTES;
    int slot = qmp.execute("query-memory-devices", QmpMessage.arguments(), COMMAND_TIMEOUT).size();
    if (slot >= MachineLayout.MEMORY_SLOTS) {
      throw new VmException.Exhausted(
          "the VM's memory has grown %d times, and cannot once more".formatted(MachineLayout.MEMORY_SLOTS), null);
    }
    try (var rollback = new Rollback("plug memory")) {
      String backend = "memory-" + slot;
      ObjectNode object = QmpMessage.arguments().put("id", backend).put("size", bytes);
      object.put("qom-type", sharedMemory ? "memory-backend-memfd" : "memory-backend-ram");
      object.put("share", sharedMemory);
      qmp.execute("object-add", object, COMMAND_TIMEOUT);
      rollback.push(
          "remove the memory's backend",
          () -> qmp.execute("object-del", QmpMessage.arguments().put("id", backend), COMMAND_TIMEOUT));
      ObjectNode device =
          QmpMessage.arguments().put("driver", "pc-dimm").put("id", "dimm-" + slot).put("memdev", backend);
      try {
        qmp.execute("device_add", device, COMMAND_TIMEOUT);
      } catch (QmpException.CommandFailed e) {
        if (e.getMessage().contains("not enough space") || e.getMessage().contains("memory hotplug is not enabled")) {
          throw new VmException.Exhausted(
              "the VM cannot grow to %d MiB: %s".formatted(wantedBytes >> 20, e.getMessage()), e);
        }
        throw e;
      }
      rollback.commit();
    }
    return present + bytes;
  }
}
