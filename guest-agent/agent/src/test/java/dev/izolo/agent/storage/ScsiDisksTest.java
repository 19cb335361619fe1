package dev.izolo.agent.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.v1.Disk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a copy of the parts of /sys and /dev that matter. */
class ScsiDisksTest {
  @TempDir Path root;
  private Path device;
  private ScsiDisks disks;

  private static byte[] page(String serial) {
    byte[] text = serial.getBytes(StandardCharsets.US_ASCII);
    byte[] page = new byte[4 + text.length];
    page[1] = (byte) 0x80;
    page[3] = (byte) text.length;
    System.arraycopy(text, 0, page, 4, text.length);
    return page;
  }

  @BeforeEach
  void plugIn() throws IOException {
    Files.createDirectories(root.resolve("sys/class/scsi_host/host0"));
    device = root.resolve("sys/bus/scsi/devices/0:0:3:1");
    Files.createDirectories(device.resolve("block/sdb"));
    Files.write(device.resolve("vpd_pg80"), page("layer-7  "));
    Files.createDirectories(root.resolve("dev"));
    Files.writeString(root.resolve("dev/sdb"), "");
    disks = new ScsiDisks(root.resolve("sys"), root.resolve("dev"));
  }

  @Test
  void findsADiskByAddressAndSerial() throws IOException {
    assertThat(disks.locate(disk(3, 1, "layer-7"))).isEqualTo(root.resolve("dev/sdb"));
  }

  @Test
  void refusesADiskThatIsNotTheOneTheHostMeans() throws IOException {
    Files.writeString(device.resolve("delete"), "");
    assertThatThrownBy(() -> disks.locate(disk(3, 1, "other"))).isInstanceOf(AgentException.Refused.class)
        .hasMessageContaining("\"other\"").hasMessageContaining("layer-7");
  }

  @Test
  void refusesImpossibleAddresses() {
    assertThatThrownBy(() -> disks.locate(disk(256, 0, "x"))).isInstanceOf(AgentException.Invalid.class);
    assertThatThrownBy(() -> disks.locate(disk(0, 99999, "x"))).isInstanceOf(AgentException.Invalid.class);
  }

  @Test
  void forgetsADiskOnce() throws IOException {
    Files.writeString(device.resolve("delete"), "");
    disks.forget(disk(3, 1, "layer-7"));
    assertThat(device.resolve("delete")).hasContent("1");
    disks.forget(disk(9, 0, "gone"));
  }

  @Test
  void readsSerialsOfAnyLengthWithoutOverrunning() {
    assertThat(ScsiDisks.parseSerial(new byte[0])).isEmpty();
    assertThat(ScsiDisks.parseSerial(new byte[] {0, (byte) 0x80, 0, 9, 'a'})).isEqualTo("a");
    assertThat(ScsiDisks.parseSerial(new byte[] {0, (byte) 0x80, 0, 2, ' ', 'a', 'b'})).isEqualTo("a");
  }

  private static Disk disk(int target, int lun, String serial) {
    return Disk.newBuilder().setScsiTarget(target).setScsiLun(lun).setSerial(serial).build();
  }
}
