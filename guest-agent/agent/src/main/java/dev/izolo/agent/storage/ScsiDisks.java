package dev.izolo.agent.storage;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.linux.BlockDevices;
import dev.izolo.agent.linux.NetlinkSocket;
import dev.izolo.agent.v1.Disk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Finds the block device of a disk by its SCSI address, and makes sure that it is the disk the host means. */
final class ScsiDisks {
  private static final Duration DISCOVERY_LIMIT = Duration.ofSeconds(10);
  private static final int ALL_UEVENTS = 1;
  // Unit serial number page of the vital product data: four bytes of header, then the serial (SPC-4, 7.8.16).
  private static final int SERIAL_HEADER_BYTES = 4;
  private static final int MAX_TARGET = 255;
  private static final int MAX_LUN = 16383;

  private final Path sys;
  private final Path dev;

  ScsiDisks(Path sys, Path dev) {
    this.sys = sys;
    this.dev = dev;
  }

  /** The disk's device node, such as {@code /dev/sda}; waits a bounded time for a disk that was just plugged in. */
  Path locate(Disk disk) throws IOException {
    if (disk.getScsiTarget() < 0 || disk.getScsiTarget() > MAX_TARGET
        || disk.getScsiLun() < 0 || disk.getScsiLun() > MAX_LUN) {
      throw new AgentException.Invalid("no SCSI address: " + describe(disk));
    }
    int host = controller();
    Path device = device(host, disk);
    Path node = usableNode(device);
    if (node != null && disk.getSerial().equals(serial(device))) {
      return node;
    }
    try (NetlinkSocket uevents = new NetlinkSocket(NetlinkSocket.KOBJECT_UEVENT, ALL_UEVENTS)) {
      if (Files.exists(device)) {
        if (!disk.getSerial().equals(serial(device))) {
          // What the kernel remembers at this address is a disk that was unplugged.
          Files.writeString(device.resolve("delete"), "1");
          scan(host, disk);
        }
      } else {
        scan(host, disk);
      }
      long deadline = System.nanoTime() + DISCOVERY_LIMIT.toNanos();
      // The scan is synchronous, but a disk's block device can be opened only a little later, which is announced.
      while ((node = usableNode(device)) == null) {
        Duration left = Duration.ofNanos(deadline - System.nanoTime());
        if (left.isNegative() || !uevents.await(left)) {
          throw new AgentException.Failed(describe(disk) + " did not appear within "
              + DISCOVERY_LIMIT.toSeconds() + " s");
        }
        uevents.receive();
      }
    }
    String found = serial(device);
    if (!disk.getSerial().equals(found)) {
      throw new AgentException.Refused(describe(disk) + " has the serial \"" + found + "\"");
    }
    return node;
  }

  /** Lets the kernel forget a disk nobody uses, so that the host can unplug it; idempotent. */
  void forget(Disk disk) throws IOException {
    Path delete = device(controller(), disk).resolve("delete");
    if (Files.exists(delete)) {
      Files.writeString(delete, "1");
    }
  }

  private void scan(int host, Disk disk) throws IOException {
    Files.writeString(sys.resolve("class/scsi_host/host" + host + "/scan"),
        "0 " + disk.getScsiTarget() + " " + disk.getScsiLun());
  }

  private int controller() throws IOException {
    try (DirectoryStream<Path> hosts = Files.newDirectoryStream(sys.resolve("class/scsi_host"), "host*")) {
      int lowest = Integer.MAX_VALUE;
      for (Path host : hosts) {
        lowest = Math.min(lowest, Integer.parseInt(host.getFileName().toString().substring("host".length())));
      }
      if (lowest != Integer.MAX_VALUE) {
        return lowest;
      }
    }
    throw new AgentException.Failed("this VM has no SCSI controller");
  }

  private Path device(int host, Disk disk) {
    return sys.resolve(
        "bus/scsi/devices/" + host + ":0:" + disk.getScsiTarget() + ":" + disk.getScsiLun());
  }

  private Path usableNode(Path device) throws IOException {
    Path node = node(device);
    return node != null && BlockDevices.opens(node) ? node : null;
  }

  private Path node(Path device) throws IOException {
    Path block = device.resolve("block");
    if (!Files.isDirectory(block)) {
      return null;
    }
    try (DirectoryStream<Path> names = Files.newDirectoryStream(block)) {
      for (Path name : names) {
        Path node = dev.resolve(name.getFileName().toString());
        return Files.exists(node) ? node : null;
      }
    }
    return null;
  }

  private static String serial(Path device) throws IOException {
    Path page = device.resolve("vpd_pg80");
    return Files.exists(page) ? parseSerial(Files.readAllBytes(page)) : "";
  }

  /** The serial in a unit serial number page, without padding; empty if the page is cut short. */
  static String parseSerial(byte[] page) {
    if (page.length < SERIAL_HEADER_BYTES) {
      return "";
    }
    int length = Math.min((page[2] & 0xff) << 8 | (page[3] & 0xff), page.length - SERIAL_HEADER_BYTES);
    return new String(page, SERIAL_HEADER_BYTES, length, StandardCharsets.US_ASCII).replace("\0", "").strip();
  }

  static String describe(Disk disk) {
    return "disk \"" + disk.getSerial() + "\" at SCSI target " + disk.getScsiTarget() + ", LUN " + disk.getScsiLun();
  }
}
