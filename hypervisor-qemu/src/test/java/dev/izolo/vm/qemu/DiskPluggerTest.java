package dev.izolo.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.izolo.linux.Fd;
import dev.izolo.vm.AttachedDisk;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.VmException;
import dev.izolo.vm.qmp.FakeQemu;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpException;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskPluggerTest {
  @TempDir Path temp;
  private final EventLoopGroup loop = new EpollEventLoopGroup(1);
  private final Map<String, JsonNode> lastArguments = new ConcurrentHashMap<>();
  private final Map<String, String> errors = new ConcurrentHashMap<>();
  private FakeQemu qemu;
  private QmpClient client;
  private DiskPlugger plugger;

  @BeforeEach
  void start() throws Exception {
    Files.createDirectory(temp.resolve("disks"));
    qemu = new FakeQemu(temp.resolve("q.sock"), FakeQemu.GREETING, this::answer);
    client = QmpClient.connect(loop, temp.resolve("q.sock"), Duration.ofSeconds(5));
    plugger = new DiskPlugger(client, new DiskOpener(List.of(temp.resolve("disks"))));
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    qemu.close();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  @Test
  void plugsADiskByDescriptor() throws Exception {
    AttachedDisk disk = plugger.attach(disk("layer", true));

    assertThat(disk.scsiTarget()).isZero();
    assertThat(qemu.commands()).containsExactly("qmp_capabilities", "add-fd", "blockdev-add", "device_add");
    JsonNode node = lastArguments.get("blockdev-add");
    assertThat(node.at("/file/filename").asText()).isEqualTo("/dev/fdset/1");
    assertThat(node.at("/read-only").asBoolean()).isTrue();
    assertThat(node.at("/file/locking").asText()).isEqualTo("off");
    assertThat(lastArguments.get("device_add").path("scsi-id").asInt()).isZero();
    assertThat(lastArguments.get("device_add").path("serial").asText()).isEqualTo("serial-layer");
  }

  @Test
  void givesSpaceBackToTheHostForAWritableDisk() throws Exception {
    plugger.attach(disk("scratch", false));

    assertThat(lastArguments.get("blockdev-add").path("discard").asText()).isEqualTo("unmap");
    assertThat(lastArguments.get("blockdev-add").path("read-only").asBoolean()).isFalse();
  }

  @Test
  void undoesEveryStepWhenTheLastFails() throws Exception {
    errors.put("device_add", "GenericError");

    assertThatThrownBy(() -> plugger.attach(disk("layer", true))).isInstanceOf(QmpException.CommandFailed.class);
    assertThat(qemu.commands()).endsWith("device_add", "blockdev-del", "remove-fd");
    assertThat(plugger.attachedDisks()).isEmpty();
    errors.clear();
    assertThat(plugger.attach(disk("layer", true)).scsiTarget()).isZero();
  }

  @Test
  void unplugsOnceAndUsesTheSlotAgain() throws Exception {
    AttachedDisk first = plugger.attach(disk("a", true));
    plugger.attach(disk("b", true));

    plugger.detach(first);
    plugger.detach(first);

    assertThat(qemu.commands()).filteredOn("device_del"::equals).hasSize(1);
    assertThat(plugger.attachedDisks()).extracting(AttachedDisk::scsiTarget).containsExactly(1);
    assertThat(plugger.attach(disk("c", true)).scsiTarget()).isZero();
  }

  @Test
  void canTryAnUnplugAgain() throws Exception {
    AttachedDisk disk = plugger.attach(disk("a", true));
    errors.put("blockdev-del", "GenericError");
    assertThatThrownBy(() -> plugger.detach(disk)).isInstanceOf(QmpException.CommandFailed.class);

    errors.clear();
    errors.put("device_del", "DeviceNotFound");
    plugger.detach(disk);

    assertThat(plugger.attachedDisks()).isEmpty();
  }

  @Test
  void neverGivesOutATargetThatTheRecordMissed() throws Exception {
    var known = new AttachedDisk(0, 0, new DiskSpec(temp.resolve("disks/known"), true, "known"));
    var unplugged = new AttachedDisk(5, 0, new DiskSpec(temp.resolve("disks/gone"), true, "gone"));

    plugger.adopt(List.of(known, unplugged));

    assertThat(plugger.attachedDisks()).extracting(AttachedDisk::scsiTarget).containsExactly(0, 1);
    assertThat(plugger.attach(disk("new", true)).scsiTarget()).isEqualTo(2);
  }

  @Test
  void runsOutOfSlotsWithAClearError() throws Exception {
    for (int i = 0; i < DiskSlots.TARGETS; i++) {
      plugger.attach(disk("same", true));
    }

    assertThatThrownBy(() -> plugger.attach(disk("same", true))).isInstanceOf(VmException.Exhausted.class);
  }

  @Test
  void opensOnlyRegularFilesInItsDirectories() throws Exception {
    Path disks = temp.resolve("disks");
    var opener = new DiskOpener(List.of(disks));
    Files.write(temp.resolve("outside"), new byte[512]);
    Files.createSymbolicLink(disks.resolve("link"), temp.resolve("outside"));
    Files.createDirectory(disks.resolve("directory"));
    Fd.makeFifo(disks.resolve("fifo"));
    Files.write(disks.resolve("empty"), new byte[0]);
    Files.write(disks.resolve("odd"), new byte[513]);
    Path good = Files.write(disks.resolve("good"), new byte[1024]);

    opener.open(new DiskSpec(good, false, "ok")).close();
    var refused = new ArrayList<DiskSpec>();
    for (String name : List.of("link", "directory", "fifo", "empty", "odd", "missing", "../outside", ".")) {
      refused.add(new DiskSpec(disks.resolve(name), true, "serial"));
    }
    refused.add(new DiskSpec(temp.resolve("outside"), true, "serial"));
    refused.add(new DiskSpec(Path.of("/dev/vda"), true, "serial"));
    refused.add(new DiskSpec(Path.of("disks/good"), true, "serial"));
    refused.add(new DiskSpec(good, true, ""));
    refused.add(new DiskSpec(good, true, "a,drive=rootfs"));
    refused.add(new DiskSpec(good, true, "x".repeat(37)));
    for (DiskSpec disk : refused) {
      assertThatThrownBy(() -> opener.open(disk).close())
          .as(disk.toString())
          .isInstanceOf(VmException.OperationFailed.class)
          .hasMessageContaining("cannot attach");
    }
  }

  private String answer(String command, JsonNode arguments, long id) {
    lastArguments.put(command, arguments);
    if (errors.containsKey(command)) {
      return FakeQemu.error(id, errors.get(command), "as the test wants");
    }
    return switch (command) {
      case "device_del" ->
          "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"%s\"}}\r\n%s"
              .formatted(arguments.path("id").asText(), FakeQemu.ok(id));
      case "qom-list" ->
          "{\"return\": [{\"name\": \"type\"}, {\"name\": \"scsi-0\"}, {\"name\": \"scsi-1\"}, {\"name\": \"scsi\"}],"
              + " \"id\": %d}".formatted(id);
      default -> FakeQemu.ok(id);
    };
  }

  private DiskSpec disk(String name, boolean readOnly) throws Exception {
    Path file = Files.write(temp.resolve("disks").resolve(name), new byte[4096]);
    return new DiskSpec(file, readOnly, "serial-" + name);
  }
}
