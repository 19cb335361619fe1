package dev.izolo.e2e.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Debian's docker-registry on the node's loopback. */
public final class Registry {
  /** Where the node's runtime finds it; the node's network is its own, so the port is free. */
  public static final String HOST = "127.0.0.1:5000";

  private final Node node;

  private Registry(Node node) {
    this.node = node;
  }

  /** Starts it; it ends with the node. */
  public static Registry start(Node node) {
    Path home = node.root().resolve("registry");
    try {
      Files.createDirectories(home);
      Path config = Files.writeString(home.resolve("config.yml"), """
          version: 0.1
          log: {level: warn}
          storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
          http: {addr: "%s"}
          """.formatted(home.resolve("data"), HOST));
      new ProcessBuilder(node.command(java.util.List.of("docker-registry", "serve", config.toString())))
          .redirectInput(Path.of("/dev/null").toFile())
          .redirectErrorStream(true).redirectOutput(home.resolve("log").toFile()).start();
      Registry registry = new Registry(node);
      Patience.until("docker-registry to answer; see " + home.resolve("log"), Patience.seconds(20),
          () -> node.inNetwork(() -> registry.request("GET", "http://" + HOST + "/v2/", null, null).status() == 200));
      return registry;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Pushes an image and returns the reference to pull it by. */
  public String push(String repository, String tag, OciImage image) {
    node.inNetwork(() -> {
      pushByDigest(repository, image);
      put(repository, tag, image);
      return null;
    });
    return HOST + "/" + repository + ":" + tag;
  }

  private void pushByDigest(String repository, OciImage image) throws IOException {
    for (OciImage nested : image.nested()) {
      pushByDigest(repository, nested);
    }
    String base = "http://" + HOST + "/v2/" + repository;
    for (var blob : image.blobs().entrySet()) {
      if (request("HEAD", base + "/blobs/" + blob.getKey(), null, null).status() == 200) {
        continue;
      }
      Answer upload = request("POST", base + "/blobs/uploads/", null, new byte[0]);
      String to = upload.location() + (upload.location().contains("?") ? "&" : "?") + "digest=" + blob.getKey();
      expect(201, request("PUT", to, "application/octet-stream", blob.getValue()), to);
    }
    put(repository, image.digest(), image);
  }

  private void put(String repository, String reference, OciImage image) throws IOException {
    String to = "http://" + HOST + "/v2/" + repository + "/manifests/" + reference;
    expect(201, request("PUT", to, image.mediaType(), image.manifest()), to);
  }

  private static void expect(int status, Answer answer, String what) throws IOException {
    if (answer.status() != status) {
      throw new IOException(what + " answered " + answer.status() + ": " + answer.body());
    }
  }

  private record Answer(int status, String location, String body) {}

  private Answer request(String method, String url, String type, byte[] body) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
    connection.setRequestMethod(method);
    connection.setConnectTimeout(5_000);
    connection.setReadTimeout(30_000);
    if (type != null) {
      connection.setRequestProperty("Content-Type", type);
    }
    if (body != null) {
      connection.setDoOutput(true);
      connection.setFixedLengthStreamingMode(body.length);
      connection.getOutputStream().write(body);
    }
    int status = connection.getResponseCode();
    var stream = status < 400 ? connection.getInputStream() : connection.getErrorStream();
    String text = stream == null ? "" : new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    return new Answer(status, connection.getHeaderField("Location"), text);
  }
}
