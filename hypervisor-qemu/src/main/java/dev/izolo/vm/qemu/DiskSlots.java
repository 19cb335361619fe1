package dev.izolo.vm.qemu;

import dev.izolo.vm.AttachedDisk;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.VmException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Which SCSI targets of a VM are taken, by what. Safe for use by several threads. */
final class DiskSlots {
  /** virtio-scsi has targets 0 to 255; one disk each, at LUN 0. */
  static final int TARGETS = 256;

  /** A target that is being plugged or unplugged is taken and not yet, or no longer, attached. */
  private record Slot(DiskSpec disk, boolean attached) {}

  private final Map<Integer, Slot> slots = new TreeMap<>();

  synchronized int reserve(DiskSpec disk) throws VmException.Exhausted {
    for (int target = 0; target < TARGETS; target++) {
      if (slots.putIfAbsent(target, new Slot(disk, false)) == null) {
        return target;
      }
    }
    throw new VmException.Exhausted("all %d disk slots of the VM are taken".formatted(TARGETS), null);
  }

  synchronized void attached(int target) {
    slots.computeIfPresent(target, (_, slot) -> new Slot(slot.disk, true));
  }

  /** Starts an unplug; empty if nothing is attached there or somebody else unplugs it already. */
  synchronized Optional<DiskSpec> detaching(int target) {
    Slot slot = slots.get(target);
    if (slot == null || !slot.attached) {
      return Optional.empty();
    }
    slots.put(target, new Slot(slot.disk, false));
    return Optional.of(slot.disk);
  }

  synchronized void free(int target) {
    slots.remove(target);
  }

  /** A disk that was attached before this object existed. */
  synchronized void restore(AttachedDisk disk) {
    slots.put(disk.scsiTarget(), new Slot(disk.spec(), true));
  }

  synchronized boolean isTaken(int target) {
    return slots.containsKey(target);
  }

  synchronized List<AttachedDisk> attachedDisks() {
    return slots.entrySet().stream()
        .filter(entry -> entry.getValue().attached)
        .map(entry -> new AttachedDisk(entry.getKey(), 0, entry.getValue().disk))
        .toList();
  }
}
