package dev.izolo.e2e.harness;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** A registry with one image and one fault, on the node's loopback. */
public final class BrokenRegistry implements AutoCloseable {
  /** What is wrong with it, each time it is asked. */
  public enum Fault {
    /** The layer's connection ends half-way. */
    TRUNCATED,
    /** The layer has the announced size and other bytes. */
    WRONG_CONTENT,
    /** The manifest is no JSON. */
    GARBAGE_MANIFEST
  }

  private final HttpServer server;
  private final OciImage image;
  private final Fault fault;

  private BrokenRegistry(HttpServer server, OciImage image, Fault fault) {
    this.server = server;
    this.image = image;
    this.fault = fault;
  }

  public static BrokenRegistry start(Node node, Fault fault) {
    OciImage image = OciImage.builder()
        .layer(new LayerTar().file("payload", 0644, Fixtures.random(300_000, 11))).build();
    // the listening socket, and so each accepted one, belongs to the network in which it is made
    HttpServer server = node.inNetwork(() -> HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0));
    BrokenRegistry registry = new BrokenRegistry(server, image, fault);
    server.createContext("/v2/", exchange -> {
      try (exchange) {
        registry.answer(exchange);
      }
    });
    server.start();
    return registry;
  }

  public String reference() {
    return "127.0.0.1:" + server.getAddress().getPort() + "/broken:test";
  }

  public String layerDigest() {
    return image.layerDigest(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    if (path.contains("/manifests/")) {
      exchange.getResponseHeaders().set("Content-Type", image.mediaType());
      send(exchange, fault == Fault.GARBAGE_MANIFEST ? "{not json".getBytes(StandardCharsets.UTF_8) : image.manifest());
    } else if (path.contains("/blobs/")) {
      String digest = path.substring(path.lastIndexOf('/') + 1);
      byte[] blob = image.blobs().get(digest);
      if (!digest.equals(layerDigest())) {
        send(exchange, blob);
      } else if (fault == Fault.WRONG_CONTENT) {
        send(exchange, Fixtures.random(blob.length, 12));
      } else {
        exchange.sendResponseHeaders(200, blob.length);
        exchange.getResponseBody().write(blob, 0, blob.length / 2);
        exchange.getResponseBody().flush();
      }
    } else {
      send(exchange, new byte[] {'{', '}'});
    }
  }

  private static void send(HttpExchange exchange, byte[] body) throws IOException {
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(200, head ? -1 : body.length);
    if (!head) {
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
