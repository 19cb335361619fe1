package dev.izolo.image.registry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.izolo.image.testing.ImageBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;

/** A registry on loopback that serves one image, and misbehaves as its tests say. */
final class FakeRegistry implements AutoCloseable {
  private final HttpServer server;
  private final String scheme;
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private volatile ImageBuilder.Built image;
  private volatile Behaviour behaviour = exchange -> false;

  /** Answers an exchange, or leaves it to the registry by returning false. */
  interface Behaviour {
    boolean answer(HttpExchange exchange) throws IOException;
  }

  /** What was asked for; absent headers are empty. */
  record Request(String path, String query, String authorization, String range) {}

  FakeRegistry(ImageBuilder.Built image) throws IOException {
    this(image, "http", HttpServer.create());
  }

  /** With TLS. */
  FakeRegistry(ImageBuilder.Built image, SSLContext tls) throws IOException {
    this(image, "https", withTls(HttpsServer.create(), tls));
  }

  private static HttpsServer withTls(HttpsServer server, SSLContext tls) {
    server.setHttpsConfigurator(new HttpsConfigurator(tls));
    return server;
  }

  private FakeRegistry(ImageBuilder.Built image, String scheme, HttpServer unbound) throws IOException {
    this.image = image;
    this.scheme = scheme;
    server = unbound;
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
  }

  String authority() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  String url() {
    return scheme + "://" + authority();
  }

  /** Another name of the same address, hence another host to a client. */
  String otherName() {
    return "localhost:" + server.getAddress().getPort();
  }

  List<Request> requests() {
    return requests;
  }

  void behave(Behaviour changed) {
    behaviour = changed;
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      requests.add(new Request(exchange.getRequestURI().getPath(), String.valueOf(exchange.getRequestURI().getRawQuery()),
          header(exchange, "Authorization"), header(exchange, "Range")));
      if (!behaviour.answer(exchange)) {
        serve(exchange);
      }
    } catch (IOException e) {
      // The client went away, as some tests make it.
      throw new UncheckedIOException(e);
    }
  }

  static String header(HttpExchange exchange, String name) {
    String value = exchange.getRequestHeaders().getFirst(name);
    return value == null ? "" : value;
  }

  void serve(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    if (path.contains("/manifests/")) {
      exchange.getResponseHeaders().add("Content-Type", "application/vnd.oci.image.manifest.v1+json");
      send(exchange, 200, image.manifest());
      return;
    }
    byte[] blob = image.blobs().entrySet().stream()
        .filter(entry -> path.endsWith("/blobs/" + entry.getKey())).map(Map.Entry::getValue).findFirst().orElse(null);
    String range = header(exchange, "Range");
    if (blob == null) {
      send(exchange, 404, new byte[0]);
    } else if (range.isEmpty()) {
      send(exchange, 200, blob);
    } else {
      int from = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
      exchange.getResponseHeaders().add("Content-Range", "bytes " + from + "-" + (blob.length - 1) + "/" + blob.length);
      send(exchange, 206, Arrays.copyOfRange(blob, from, blob.length));
    }
  }

  static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
  }

  static boolean redirect(HttpExchange exchange, String location) throws IOException {
    exchange.getResponseHeaders().add("Location", location);
    send(exchange, 307, new byte[0]);
    return true;
  }

  static boolean challenge(HttpExchange exchange, String challenge) throws IOException {
    exchange.getResponseHeaders().add("WWW-Authenticate", challenge);
    send(exchange, 401, new byte[0]);
    return true;
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
