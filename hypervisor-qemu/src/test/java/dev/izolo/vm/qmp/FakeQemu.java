package dev.izolo.vm.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The QEMU side of one QMP connection, for tests: answers commands as told, and says whatever it is made to say. */
public final class FakeQemu implements AutoCloseable {
  public static final String GREETING =
      "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}}, \"capabilities\": []}}";

  /** What to say to a command; the line or lines, empty for nothing. */
  @FunctionalInterface
  public interface Answers {
    String to(String command, JsonNode arguments, long id);
  }

  private final ServerSocketChannel server;
  private final List<String> commands = new CopyOnWriteArrayList<>();
  private volatile SocketChannel client;

  public FakeQemu(Path socket, String greeting, Answers answers) throws IOException {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofPlatform().daemon().name("fake-qemu").start(() -> serve(greeting, answers));
  }

  public static String ok(long id) {
    return "{\"return\": {}, \"id\": " + id + "}";
  }

  public static String error(long id, String errorClass, String description) {
    return "{\"error\": {\"class\": \"%s\", \"desc\": \"%s\"}, \"id\": %d}".formatted(errorClass, description, id);
  }

  /** Names of the commands received so far. */
  public List<String> commands() {
    return List.copyOf(commands);
  }

  public void say(String text) throws IOException {
    var bytes = ByteBuffer.wrap((text + "\r\n").getBytes(StandardCharsets.UTF_8));
    synchronized (this) {
      while (bytes.hasRemaining()) {
        client.write(bytes);
      }
    }
  }

  public void disconnect() throws IOException {
    client.close();
  }

  private void serve(String greeting, Answers answers) {
    try {
      client = server.accept();
      say(greeting);
      var reader = new BufferedReader(new InputStreamReader(Channels.newInputStream(client), StandardCharsets.UTF_8));
      String line;
      while ((line = reader.readLine()) != null) {
        JsonNode request = QmpMessage.JSON.readTree(line);
        String command = request.path("execute").asText();
        commands.add(command);
        long id = request.path("id").asLong();
        String answer =
            command.equals("qmp_capabilities") ? ok(id) : answers.to(command, request.path("arguments"), id);
        if (!answer.isEmpty()) {
          say(answer);
        }
      }
    } catch (IOException e) {
      // The test closed one of the ends.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    if (client != null) {
      client.close();
    }
  }
}
