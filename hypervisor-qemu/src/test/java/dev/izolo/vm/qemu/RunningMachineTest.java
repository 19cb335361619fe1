package dev.izolo.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.linux.Fd;
import dev.izolo.linux.MemoryFile;
import dev.izolo.vm.VmException;
import dev.izolo.vm.qmp.FakeQemu;
import dev.izolo.vm.qmp.QmpClient;
import dev.izolo.vm.qmp.QmpException;
import dev.izolo.vm.vsock.VsockEndpoint;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is asked of QEMU to save, load, re-plug, squeeze and grow a machine, and what is made of its answers. */
class RunningMachineTest {
  private static final String ONE_OF_THREE_PROCESSORS =
      """
      [{"props": {"socket-id": 2, "core-id": 0}, "type": "max-x86_64-cpu"},\
       {"props": {"socket-id": 1, "core-id": 0}, "type": "max-x86_64-cpu"},\
       {"props": {"socket-id": 0, "core-id": 0}, "type": "max-x86_64-cpu", "qom-path": "/machine/unattached/device[0]"}]""";

  @TempDir Path temp;
  private final EventLoopGroup loop = new EpollEventLoopGroup(1);
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final Map<String, Deque<String>> values = new ConcurrentHashMap<>();
  private final Map<String, String> eventsAfter = new ConcurrentHashMap<>();
  private final Map<String, String> errors = new ConcurrentHashMap<>();
  private volatile String endsAt = "";
  private FakeQemu qemu;
  private QmpClient client;

  @BeforeEach
  void start() throws Exception {
    qemu =
        new FakeQemu(
            temp.resolve("q.sock"),
            FakeQemu.GREETING,
            (command, arguments, id) -> {
              requests.add(arguments.isMissingNode() ? command : command + " " + arguments);
              if (command.equals(endsAt)) {
                disconnect();
                return "";
              }
              if (errors.containsKey(command)) {
                return FakeQemu.error(id, "GenericError", errors.get(command));
              }
              Deque<String> told = values.getOrDefault(command, new ArrayDeque<>(List.of("{}")));
              String value = told.size() > 1 ? told.pop() : told.peek();
              String event = eventsAfter.get(command);
              return "{\"return\": %s, \"id\": %d}%s".formatted(value, id, event == null ? "" : "\r\n" + event);
            });
    client = QmpClient.connect(loop, temp.resolve("q.sock"), Duration.ofSeconds(5));
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    qemu.close();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  @Test
  void savesAStoppedMachineWithoutItsSharedMemory() throws Exception {
    eventsAfter.put("migrate", migration("active") + "\r\n" + migration("completed"));

    try (var state = MemoryFile.create("state", 0)) {
      new Migration(client).save(state);
    }

    assertThat(requests)
        .containsExactly(
            "stop",
            "migrate-set-capabilities {\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":true},"
                + "{\"capability\":\"events\",\"state\":true}]}",
            "getfd {\"fdname\":\"state\"}",
            "migrate {\"uri\":\"fd:state\"}");
  }

  @Test
  void tellsWhyAMachineCannotBeSaved() throws Exception {
    eventsAfter.put("migrate", migration("failed"));
    tells("query-migrate", "{\"status\": \"failed\", \"error-desc\": \"No space left\"}");

    try (var state = MemoryFile.create("state", 0)) {
      assertThatThrownBy(() -> new Migration(client).save(state))
          .isInstanceOf(QmpException.CommandFailed.class)
          .hasMessageContaining("No space left");
    }
    errors.put("migrate", "State blocked by non-migratable device");
    try (var state = MemoryFile.create("state", 0)) {
      assertThatThrownBy(() -> new Migration(client).save(state)).hasMessageContaining("non-migratable");
    }
  }

  @Test
  void loadsAStateAndAnnouncesNoAddress() throws Exception {
    eventsAfter.put("migrate-incoming", migration("setup") + "\r\n" + migration("completed"));
    var migration = new Migration(client);

    migration.prepareLoad();
    migration.load(9);

    assertThat(requests)
        .endsWith("migrate-set-parameters {\"announce-rounds\":0}", "migrate-incoming {\"uri\":\"fd:9\"}");
  }

  @Test
  void noticesThatQemuEndsOverAStateThatDoesNotFit() {
    endsAt = "migrate-incoming";
    var migration = new Migration(client);

    assertThatThrownBy(() -> migration.load(9)).isInstanceOf(QmpException.Disconnected.class);
  }

  @Test
  void plugsTheVsockDeviceWithItsOtherEndsDescriptor() throws Exception {
    try (Fd descriptor = Fd.open(Path.of("/dev/null"), Fd.O_RDWR)) {
      new VsockPlug(client)
          .plug(
              new VmLaunch.Vsock(
                  new MachineLayout.VsockDevice.Backend(),
                  new VsockEndpoint.Hybrid(Path.of("/run/vsock.sock")),
                  List.of(),
                  descriptor));
      new VsockPlug(client)
          .plug(
              new VmLaunch.Vsock(
                  new MachineLayout.VsockDevice.Kernel(10_000), new VsockEndpoint.Kernel(10_000), List.of(), descriptor));
    }

    assertThat(requests)
        .containsExactly(
            "getfd {\"fdname\":\"vsockfd\"}",
            "chardev-add {\"id\":\"vsock\",\"backend\":{\"type\":\"socket\",\"data\":{\"server\":false,"
                + "\"addr\":{\"type\":\"fd\",\"data\":{\"str\":\"vsockfd\"}}}}}",
            "device_add {\"id\":\"vsockdev\",\"bus\":\"port0\",\"driver\":\"vhost-user-vsock-pci\",\"chardev\":\"vsock\"}",
            "getfd {\"fdname\":\"vsockfd\"}",
            "device_add {\"id\":\"vsockdev\",\"bus\":\"port0\",\"driver\":\"vhost-vsock-pci\",\"guest-cid\":10000,"
                + "\"vhostfd\":\"vsockfd\"}");
  }

  @Test
  void unplugsTheVsockDeviceWhenTheGuestHasLetGo() throws Exception {
    eventsAfter.put("device_del", "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"vsockdev\", \"path\": \"/x\"}}");

    new VsockPlug(client).unplug(new MachineLayout.VsockDevice.Backend());

    assertThat(requests).containsExactly("device_del {\"id\":\"vsockdev\"}", "chardev-remove {\"id\":\"vsock\"}");
  }

  @Test
  void waitsUntilTheGuestOffersBuffersToReceiveInto() throws Exception {
    tells(
        "x-query-virtio-queue-element",
        "{\"name\": \"vhost-vsock\", \"avail\": {\"flags\": 0, \"idx\": 0, \"ring\": 0}}",
        "{\"name\": \"vhost-vsock\", \"avail\": {\"flags\": 0, \"idx\": 128, \"ring\": 0}}");

    new VsockPlug(client).awaitDriver(Duration.ofSeconds(10));

    assertThat(requests).hasSize(2);
  }

  @Test
  void givesUpOnAGuestThatDoesNotServeItsVsock() throws Exception {
    errors.put("x-query-virtio-queue-element", "Region caches not initialized");

    assertThatThrownBy(() -> new VsockPlug(client).awaitDriver(Duration.ofMillis(30)))
        .isInstanceOf(QmpException.TimedOut.class);
    assertThat(requests).hasSizeGreaterThan(1);
  }

  @Test
  void squeezesAGuestToWhatItUses() throws Exception {
    tells("qom-get", stats(1, 200 << 20), stats(1, 200 << 20), stats(9, 100 << 20));
    tells("query-balloon", "{\"actual\": 268435456}", "{\"actual\": 197132288}", "{\"actual\": 268435456}");

    new Balloon(client).squeeze(256 << 20);

    assertThat(requests).filteredOn(request -> request.startsWith("balloon "))
        .containsExactly("balloon {\"value\":197132288}", "balloon {\"value\":268435456}");
  }

  @Test
  void leavesAGuestAloneThatHasNothingFree() throws Exception {
    tells("qom-get", "{\"last-update\": 0, \"stats\": {}}", stats(1, 1 << 20));

    new Balloon(client).squeeze(256 << 20);

    assertThat(requests).noneMatch(request -> request.startsWith("balloon "));
  }

  @Test
  void growsByTheFirstFreeProcessorsAndWholeBlocksOfMemory() throws Exception {
    tells("query-hotpluggable-cpus", ONE_OF_THREE_PROCESSORS);
    tells("query-memory-size-summary", "{\"base-memory\": 268435456, \"plugged-memory\": 134217728}");
    tells("query-memory-devices", "[{}]");

    Growth.Size size = new Growth(client, true).plug(2, 500);

    assertThat(size).isEqualTo(new Growth.Size(2, 512L << 20));
    assertThat(requests)
        .contains(
            "device_add {\"driver\":\"max-x86_64-cpu\",\"socket-id\":1,\"core-id\":0}",
            "object-add {\"id\":\"memory-1\",\"size\":134217728,\"qom-type\":\"memory-backend-memfd\",\"share\":true}",
            "device_add {\"driver\":\"pc-dimm\",\"id\":\"dimm-1\",\"memdev\":\"memory-1\"}")
        .hasSize(6);
  }

  @Test
  void takesNothingAwayAndPlugsNothingThatIsThere() throws Exception {
    tells("query-hotpluggable-cpus", ONE_OF_THREE_PROCESSORS);
    tells("query-memory-size-summary", "{\"base-memory\": 268435456, \"plugged-memory\": 0}");

    assertThat(new Growth(client, true).plug(1, 100)).isEqualTo(new Growth.Size(1, 256L << 20));

    assertThat(requests).containsExactly("query-hotpluggable-cpus", "query-memory-size-summary");
  }

  @Test
  void saysHowFarAMachineCanGrow() {
    tells("query-hotpluggable-cpus", ONE_OF_THREE_PROCESSORS);
    tells("query-memory-size-summary", "{\"base-memory\": 268435456, \"plugged-memory\": 0}");
    tells("query-memory-devices", "[]", "[{}, {}, {}, {}]");
    errors.put("device_add", "not enough space, currently 0x0 in use of total space for memory devices 0x0");
    var growth = new Growth(client, false);

    assertThatThrownBy(() -> growth.plug(4, 256)).isInstanceOf(VmException.Exhausted.class).hasMessageContaining("3");
    assertThatThrownBy(() -> growth.plug(1, 512))
        .isInstanceOf(VmException.Exhausted.class)
        .hasMessageContaining("512 MiB");
    assertThat(requests)
        .contains("object-add {\"id\":\"memory-0\",\"size\":268435456,\"qom-type\":\"memory-backend-ram\",\"share\":false}")
        .endsWith("object-del {\"id\":\"memory-0\"}");
    assertThatThrownBy(() -> growth.plug(1, 512))
        .isInstanceOf(VmException.Exhausted.class)
        .hasMessageContaining("4 times");
  }

  private void disconnect() {
    try {
      qemu.disconnect();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void tells(String command, String... answers) {
    values.put(command, new ArrayDeque<>(List.of(answers)));
  }

  private static String migration(String status) {
    return "{\"event\": \"MIGRATION\", \"data\": {\"status\": \"%s\"}}".formatted(status);
  }

  private static String stats(int updatedSeconds, long freeBytes) {
    return "{\"last-update\": %d, \"stats\": {\"stat-free-memory\": %d}}".formatted(updatedSeconds, freeBytes);
  }
}
