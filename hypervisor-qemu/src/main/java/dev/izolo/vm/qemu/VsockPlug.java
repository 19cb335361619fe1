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
   * Waits until the guest's driver serves the device: it has offered buffers to receive into. To whoever connects before
   * vhost-device-vsock never answers, and to none who connects later either. QEMU has no event for it, so it is asked
   * again and again.
   *
   * @throws QmpException.TimedOut if the guest does not get there
   */
  void awaitDriver(Duration atMost) throws QmpException, InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    ObjectNode receiveQueue =
        QmpMessage.arguments()
            .put("path", "/machine/peripheral/" + MachineLayout.VSOCK_DEVICE + "/virtio-backend")
            .put("queue", 0)
            .put("index", 0);
    while (true) {
      try {
        JsonNode element = qmp.execute("x-query-virtio-queue-element", receiveQueue, COMMAND_TIMEOUT);
        if (element.path("avail").path("idx").asInt() != 0) {
          return;
        }
      } catch (QmpException.CommandFailed e) {
        if (e.errorClass() == QmpException.ErrorClass.COMMAND_NOT_FOUND) {
          log.warn("this QEMU cannot tell when the guest serves its vsock device; the first connection may be lost");
          return;
        }
        // The driver has not set the queue up.
        log.trace("the guest's vsock device is not ready: {}", e.getMessage());
      }
      if (System.nanoTime() > deadline) {
        throw new QmpException.TimedOut("the guest does not serve its vsock device after " + atMost.toMillis() + " ms");
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  private static ObjectNode chardev() {
    ObjectNode arguments = QmpMessage.arguments().put("id", CHARDEV);
    ObjectNode backend = arguments.putObject("backend").put("type", "socket");
    ObjectNode data = backend.putObject("data").put("server", false);
    data.putObject("addr").put("type", "fd").putObject("data").put("str", DESCRIPTOR_NAME);
    return arguments;
  }
}
