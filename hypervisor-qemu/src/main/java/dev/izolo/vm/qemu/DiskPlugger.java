package dev.izolo.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.lifecycle.Rollback;
import dev.izolo.linux.Fd;
import dev.izolo.vm.AttachedDisk;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.VmException;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpException;
import dev.izolo.vm.qmp.QmpMessage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Plugs disks into a VM's virtio-scsi controller and unplugs them. Disks of several callers go on at once. For target
 * n, QEMU's descriptor set is n + 1 (0 is the root file system's), its block node {@code disk-n} and its device
 * {@code scsi-n}.
 */
final class DiskPlugger {
  private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration UNPLUG_TIMEOUT = Duration.ofSeconds(20);

  private final QmpClient qmp;
  private final DiskOpener opener;
  private final DiskSlots slots = new DiskSlots();

  DiskPlugger(QmpClient qmp, DiskOpener opener) {
    this.qmp = qmp;
    this.opener = opener;
  }

  List<AttachedDisk> attachedDisks() {
    return slots.attachedDisks();
  }

  AttachedDisk attach(DiskSpec disk) throws VmException, QmpException, InterruptedException {
    try (Fd file = opener.open(disk);
        var rollback = new Rollback("attach " + disk.file())) {
      int target = slots.reserve(disk);
      rollback.push("free the disk's slot", () -> slots.free(target));
      qmp.execute("add-fd", descriptorSet(target).put("opaque", disk.serial()), file, COMMAND_TIMEOUT);
      rollback.push("remove the disk's descriptor", () -> removeDescriptor(target));
      qmp.execute("blockdev-add", blockNode(target, disk), COMMAND_TIMEOUT);
      rollback.push("remove the disk's block node", () -> removeBlockNode(target));
      qmp.execute("device_add", device(target, disk), COMMAND_TIMEOUT);
      slots.attached(target);
      rollback.commit();
      return new AttachedDisk(target, 0, disk);
    }
  }

  void detach(AttachedDisk disk) throws QmpException, InterruptedException {
    int target = disk.scsiTarget();
    Optional<DiskSpec> plugged = slots.detaching(target);
    if (plugged.isEmpty()) {
      return;
    }
    boolean unplugged = false;
    try {
      unplugDevice(target);
      removeBlockNode(target);
      removeDescriptor(target);
      slots.free(target);
      unplugged = true;
    } finally {
      if (!unplugged) {
        // Stays taken, and may be tried again.
        slots.attached(target);
      }
    }
  }

  /**
   * Takes over a VM whose disks were plugged by a former daemon. Targets that QEMU has and the record does not know are
   * kept taken: their disks may be in use, for the record can be older than the last plug.
   */
  void adopt(List<AttachedDisk> recorded) throws QmpException, InterruptedException {
    JsonNode devices =
        qmp.execute("qom-list", QmpMessage.arguments().put("path", "/machine/peripheral"), COMMAND_TIMEOUT);
    var present = new TreeSet<Integer>();
    for (JsonNode device : devices) {
      String name = device.path("name").asText();
      if (name.matches("scsi-\\d{1,3}")) {
        present.add(Integer.parseInt(name.substring(5)));
      }
    }
    recorded.stream().filter(disk -> present.contains(disk.scsiTarget())).forEach(slots::restore);
    for (int target : present) {
      if (!slots.isTaken(target)) {
        slots.restore(new AttachedDisk(target, 0, new DiskSpec(Path.of("/unknown"), true, "unknown")));
      }
    }
  }

  private void unplugDevice(int target) throws QmpException, InterruptedException {
    String device = deviceId(target);
    // Asked for before the event can happen.
    var deleted =
        qmp.next(event -> event.name().equals("DEVICE_DELETED") && event.data().path("device").asText().equals(device));
    try {
      qmp.execute("device_del", QmpMessage.arguments().put("id", device), COMMAND_TIMEOUT);
      qmp.await(deleted, "DEVICE_DELETED for " + device, UNPLUG_TIMEOUT);
    } catch (QmpException.CommandFailed e) {
      if (e.errorClass() != QmpException.ErrorClass.DEVICE_NOT_FOUND) {
        throw e;
      }
      // An earlier attempt got past this step.
    } finally {
      deleted.cancel(false);
    }
  }

  private void removeBlockNode(int target) throws QmpException, InterruptedException {
    try {
      qmp.execute("blockdev-del", QmpMessage.arguments().put("node-name", nodeName(target)), COMMAND_TIMEOUT);
    } catch (QmpException.CommandFailed e) {
      if (!e.getMessage().contains("Failed to find node")) {
        throw e;
      }
    }
  }

  /** QEMU drops a set by itself once its last user is gone and no monitor is connected, so it may not be there. */
  private void removeDescriptor(int target) throws QmpException, InterruptedException {
    try {
      qmp.execute("remove-fd", descriptorSet(target), COMMAND_TIMEOUT);
    } catch (QmpException.CommandFailed e) {
      if (!e.getMessage().contains("not found")) {
        throw e;
      }
    }
  }

  private static ObjectNode descriptorSet(int target) {
    return QmpMessage.arguments().put("fdset-id", target + 1);
  }

  private static ObjectNode blockNode(int target, DiskSpec disk) {
    ObjectNode node = QmpMessage.arguments();
    node.put("node-name", nodeName(target)).put("driver", "raw").put("read-only", disk.readOnly());
    node.put("discard", disk.readOnly() ? "ignore" : "unmap");
    node.putObject("file")
        .put("driver", "file")
        .put("filename", "/dev/fdset/" + (target + 1))
        .put("read-only", disk.readOnly())
        .put("auto-read-only", false)
        .put("discard", disk.readOnly() ? "ignore" : "unmap")
        // Layers are shared by many VMs; a scratch disk has one by construction.
        .put("locking", "off");
    return node;
  }

  private static ObjectNode device(int target, DiskSpec disk) {
    return QmpMessage.arguments()
        .put("driver", "scsi-hd")
        .put("id", deviceId(target))
        .put("bus", MachineLayout.DISK_BUS)
        .put("drive", nodeName(target))
        .put("channel", 0)
        .put("scsi-id", target)
        .put("lun", 0)
        .put("serial", disk.serial());
  }

  private static String nodeName(int target) {
    return "disk-" + target;
  }

  private static String deviceId(int target) {
    return "scsi-" + target;
  }
}
