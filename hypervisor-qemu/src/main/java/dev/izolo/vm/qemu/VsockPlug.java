package dev.izolo.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpException;
import dev.izolo.vm.qmp.QmpMessage;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Plugs a running machine's vsock device and unplugs it: the one device that cannot be part of a saved state. */
final class VsockPlug {
  private static final Logger log = LoggerFactory.getLogger(VsockPlug.class);

  private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration UNPLUG_TIMEOUT = Duration.ofSeconds(20);
  private static final String DESCRIPTOR_NAME = "vsockfd";
  private static final String CHARDEV = "vsock";
  private static final long POLL_MILLIS = 4;

  private final QmpClient qmp;

  VsockPlug(QmpClient qmp) {
    this.qmp = qmp;
  }

  void plug(VmLaunch.Vsock vsock) throws QmpException, InterruptedException {
    ObjectNode name = QmpMessage.arguments().put("fdname", DESCRIPTOR_NAME);
    qmp.execute("getfd", name, vsock.descriptor(), COMMAND_TIMEOUT);
    ObjectNode device =
        QmpMessage.arguments().put("id", MachineLayout.VSOCK_DEVICE).put("bus", MachineLayout.VSOCK_BUS);
    switch (vsock.device()) {
      case MachineLayout.VsockDevice.Kernel(int cid) ->
          device.put("driver", "vhost-vsock-pci").put("guest-cid", cid).put("vhostfd", DESCRIPTOR_NAME);
      case MachineLayout.VsockDevice.Backend _ -> {
        qmp.execute("chardev-add", chardev(), COMMAND_TIMEOUT);
        device.put("driver", "vhost-user-vsock-pci").put("chardev", CHARDEV);
      }
    }
    qmp.execute("device_add", device, COMMAND_TIMEOUT);
  }

  /** Waits until the guest has let go of it; its other end is free then. */
  void unplug(MachineLayout.VsockDevice device) throws QmpException, InterruptedException {
    // Asked for before the event can happen.
    var deleted =
        qmp.next(
            event ->
                event.name().equals("DEVICE_DELETED")
                    && event.data().path("device").asText().equals(MachineLayout.VSOCK_DEVICE));
    try {
      qmp.execute("device_del", QmpMessage.arguments().put("id", MachineLayout.VSOCK_DEVICE), COMMAND_TIMEOUT);
      qmp.await(deleted, "DEVICE_DELETED for the vsock device", UNPLUG_TIMEOUT);
    } finally {
      deleted.cancel(false);
    }
    if (device instanceof MachineLayout.VsockDevice.Backend) {
      qmp.execute("chardev-remove", QmpMessage.arguments().put("id", CHARDEV), COMMAND_TIMEOUT);
    }
  }

  /**
   * Waits until the guest's driver serves the device. Whoever connects before is never answered by some backends, not
   * even later. QEMU has no event for it, so it is asked again and again; one that cannot tell is not waited for.
   */
  void awaitDriver(Duration atMost) throws QmpException, InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    ObjectNode path =
        QmpMessage.arguments()
            .put("path", "/machine/peripheral/" + MachineLayout.VSOCK_DEVICE + "/virtio-backend");
    while (System.nanoTime() < deadline) {
      JsonNode status;
      try {
        status = qmp.execute("x-query-virtio-status", path, COMMAND_TIMEOUT);
      } catch (QmpException.CommandFailed e) {
        log.debug("cannot tell whether the guest serves its vsock device: {}", e.getMessage());
        return;
      }
      for (JsonNode flag : status.path("status").path("statuses")) {
        if (flag.asText().contains("DRIVER_OK")) {
          return;
        }
      }
      Thread.sleep(POLL_MILLIS);
    }
    log.warn("the guest does not serve its vsock device after {} ms", atMost.toMillis());
  }

  private static ObjectNode chardev() {
    ObjectNode arguments = QmpMessage.arguments().put("id", CHARDEV);
    ObjectNode backend = arguments.putObject("backend").put("type", "socket");
    ObjectNode data = backend.putObject("data").put("server", false);
    data.putObject("addr").put("type", "fd").putObject("data").put("str", DESCRIPTOR_NAME);
    return arguments;
  }
}
