package dev.izolo.vm.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.linux.Fd;
import dev.izolo.vm.qmp.FakeQemu.Answers;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QmpClientTest {
  private static final Duration LONG = Duration.ofSeconds(5);
  private static final Duration SHORT = Duration.ofMillis(50);
  private static EventLoopGroup loop;

  @TempDir Path temp;
  private FakeQemu qemu;
  private QmpClient client;

  @BeforeAll
  static void startLoop() {
    loop = new EpollEventLoopGroup(1);
  }

  @AfterAll
  static void stopLoop() {
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  @AfterEach
  void close() throws Exception {
    if (client != null) {
      client.close();
    }
    if (qemu != null) {
      qemu.close();
    }
  }

  @Test
  void matchesAnswersToCommandsInWhateverOrderTheyCome() throws Exception {
    var held = new CompletableFuture<Long>();
    connect(
        (command, arguments, id) -> {
          if (command.equals("slow")) {
            held.complete(id);
            return "";
          }
          return "{\"return\": {\"n\": %d}, \"id\": %d}".formatted(arguments.path("n").asInt(), id);
        });
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var slow = threads.submit(() -> client.execute("slow", QmpMessage.arguments(), LONG));
      long slowId = held.get(5, TimeUnit.SECONDS);
      var fast = new ArrayList<Future<Integer>>();
      for (int i = 0; i < 50; i++) {
        int n = i;
        fast.add(
            threads.submit(
                () -> client.execute("fast", QmpMessage.arguments().put("n", n), LONG).path("n").asInt()));
      }
      for (int i = 0; i < 50; i++) {
        assertThat(fast.get(i).get()).isEqualTo(i);
      }
      qemu.say("{\"return\": \"late\", \"id\": " + slowId + "}");
      assertThat(slow.get().asText()).isEqualTo("late");
    }
  }

  @Test
  void typesTheErrorsOfQemu() throws Exception {
    connect((_, _, id) -> FakeQemu.error(id, "DeviceNotFound", "Device 'x' not found"));

    assertThatThrownBy(() -> client.execute("device_del", QmpMessage.arguments(), LONG))
        .isInstanceOfSatisfying(
            QmpException.CommandFailed.class,
            e -> assertThat(e.errorClass()).isEqualTo(QmpException.ErrorClass.DEVICE_NOT_FOUND))
        .hasMessage("QEMU refused device_del: Device 'x' not found");
  }

  @Test
  void givesUpOnACommandAndIgnoresItsLateAnswer() throws Exception {
    var id = new CompletableFuture<Long>();
    connect((command, _, number) -> command.equals("stuck") && id.complete(number) ? "" : FakeQemu.ok(number));

    assertThatThrownBy(() -> client.execute("stuck", QmpMessage.arguments(), SHORT))
        .isInstanceOf(QmpException.TimedOut.class)
        .hasMessageContaining("stuck");
    qemu.say(FakeQemu.ok(id.join()));
    assertThat(client.execute("next", QmpMessage.arguments(), LONG)).isEmpty();
  }

  @Test
  void failsWhatIsPendingWhenQemuGoesAway() throws Exception {
    connect(
        (command, _, _) -> {
          if (command.equals("quit")) {
            disconnect();
          }
          return "";
        });
    var event = client.next(e -> e.name().equals("NEVER"));

    assertThatThrownBy(() -> client.execute("quit", QmpMessage.arguments(), LONG))
        .isInstanceOf(QmpException.Disconnected.class);
    assertThatThrownBy(() -> client.execute("later", QmpMessage.arguments(), LONG))
        .isInstanceOf(QmpException.Disconnected.class);
    assertThatThrownBy(() -> client.await(event, "NEVER", LONG)).isInstanceOf(QmpException.Disconnected.class);
  }

  @Test
  void deliversEventsToTheOneWhoWaits() throws Exception {
    connect(
        (_, _, id) ->
            "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"b\"}}\r\n"
                + "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"a\"}}\r\n"
                + FakeQemu.ok(id));
    var deleted = client.next(e -> e.data().path("device").asText().equals("a"));

    client.execute("device_del", QmpMessage.arguments(), LONG);

    assertThat(client.await(deleted, "event", LONG).name()).isEqualTo("DEVICE_DELETED");
  }

  @Test
  void endsTheConnectionOnGarbage() throws Exception {
    connect((_, _, _) -> "this is not JSON");

    assertThatThrownBy(() -> client.execute("query-status", QmpMessage.arguments(), LONG))
        .isInstanceOf(QmpException.Malformed.class);
  }

  @Test
  void endsTheConnectionOnALineWithoutEnd() throws Exception {
    String tooLong = "x".repeat(QmpClient.MAX_LINE_BYTES + 100);
    connect((_, _, _) -> tooLong);

    assertThatThrownBy(() -> client.execute("query-status", QmpMessage.arguments(), LONG))
        .isInstanceOf(QmpException.Disconnected.class)
        .hasMessageContaining("length");
  }

  @Test
  void givesUpOnASilentQemu() throws Exception {
    qemu = new FakeQemu(temp.resolve("q.sock"), "", (_, _, _) -> "");

    assertThatThrownBy(() -> QmpClient.connect(loop, temp.resolve("q.sock"), SHORT)).isInstanceOf(QmpException.class);
    assertThatThrownBy(() -> QmpClient.connect(loop, temp.resolve("nothing.sock"), SHORT))
        .isInstanceOf(QmpException.Disconnected.class);
  }

  @Test
  void keepsCommandsWithDescriptorsInOrderWithOthers() throws Exception {
    connect((_, _, id) -> FakeQemu.ok(id));
    try (Fd fd = Fd.open(Path.of("/dev/null"), Fd.O_RDONLY);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var all = new ArrayList<Future<?>>();
      for (int i = 0; i < 30; i++) {
        boolean withDescriptor = i % 3 == 0;
        all.add(
            threads.submit(
                () ->
                    withDescriptor
                        ? client.execute("add-fd", QmpMessage.arguments(), fd, LONG)
                        : client.execute("query-status", QmpMessage.arguments(), LONG)));
      }
      for (var one : all) {
        one.get(5, TimeUnit.SECONDS);
      }
    }
    assertThat(qemu.commands()).filteredOn("add-fd"::equals).hasSize(10);
  }

  private void connect(Answers answers) throws Exception {
    qemu = new FakeQemu(temp.resolve("q.sock"), FakeQemu.GREETING, answers);
    client = QmpClient.connect(loop, temp.resolve("q.sock"), LONG);
  }

  private void disconnect() {
    try {
      qemu.disconnect();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
