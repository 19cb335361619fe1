package dev.izolo.image.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.image.Digest;
import dev.izolo.image.testing.LayerContent.Packing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes an OCI image from layers in memory, and brings it into a layout directory or a registry (plain HTTP, no
 * authentication).
 */
public final class ImageBuilder {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String OCI = "application/vnd.oci.image.";

  private final ObjectNode run = JSON.createObjectNode();
  private final ArrayNode diffIds = JSON.createArrayNode();
  private final ArrayNode layers = JSON.createArrayNode();
  private String architecture = "amd64";

  /** An image: its blobs by digest, manifest and config among them. */
  public record Built(byte[] manifest, Digest manifestDigest, Digest configDigest, List<Digest> layerDigests, Map<Digest, byte[]> blobs) {
    /** {@code repository@sha256:...}. */
    public String byDigest(String repository) {
      return repository + "@" + manifestDigest;
    }

    /** Writes an OCI image layout (image-spec, image-layout.md). */
    public void writeLayout(Path directory) {
      try {
        Files.createDirectories(directory.resolve("blobs/sha256"));
        Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        for (var blob : blobs.entrySet()) {
          Files.write(directory.resolve("blobs/sha256").resolve(blob.getKey().hex()), blob.getValue());
        }
        ObjectNode index = JSON.createObjectNode().put("schemaVersion", 2).put("mediaType", OCI + "index.v1+json");
        index.putArray("manifests").add(descriptor(OCI + "manifest.v1+json", manifestDigest, manifest.length));
        Files.write(directory.resolve("index.json"), JSON.writeValueAsBytes(index));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /**
     * Pushes to a registry (distribution-spec, "Pushing").
     *
     * @param registry {@code http://127.0.0.1:5000}
     */
    public void push(URI registry, String repository, String tag) throws IOException, InterruptedException {
      try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
        for (var blob : blobs.entrySet()) {
          if (!blob.getKey().equals(manifestDigest)) {
            pushBlob(client, registry, repository, blob.getKey(), blob.getValue());
          }
        }
        HttpRequest put = HttpRequest.newBuilder(registry.resolve("/v2/" + repository + "/manifests/" + tag))
            .header("Content-Type", OCI + "manifest.v1+json")
            .PUT(HttpRequest.BodyPublishers.ofByteArray(manifest))
            .build();
        expect(client.send(put, HttpResponse.BodyHandlers.ofString()), 201);
      }
    }

    private static void pushBlob(HttpClient client, URI registry, String repository, Digest digest, byte[] content)
        throws IOException, InterruptedException {
      URI uploads = registry.resolve("/v2/" + repository + "/blobs/uploads/");
      HttpRequest start = HttpRequest.newBuilder(uploads).POST(HttpRequest.BodyPublishers.noBody()).build();
      HttpResponse<String> started = expect(client.send(start, HttpResponse.BodyHandlers.ofString()), 202);
      String location = started.headers().firstValue("Location").orElseThrow();
      URI upload = uploads.resolve(location + (location.contains("?") ? "&" : "?") + "digest=" + digest);
      HttpRequest put = HttpRequest.newBuilder(upload)
          .header("Content-Type", "application/octet-stream")
          .PUT(HttpRequest.BodyPublishers.ofByteArray(content))
          .build();
      expect(client.send(put, HttpResponse.BodyHandlers.ofString()), 201);
    }

    private static HttpResponse<String> expect(HttpResponse<String> response, int status) throws IOException {
      if (response.statusCode() != status) {
        throw new IOException(response.uri() + " answered " + response.statusCode() + ": " + response.body());
      }
      return response;
    }
  }

  private final Map<Digest, byte[]> blobs = new LinkedHashMap<>();
  private final List<Digest> layerDigests = new ArrayList<>();

  public ImageBuilder layer(LayerContent content, Packing packing) {
    return layer(content.tar(), packing);
  }

  /** A layer of any bytes, a valid tar or not. */
  public ImageBuilder layer(byte[] tar, Packing packing) {
    byte[] packed = LayerContent.pack(tar, packing);
    diffIds.add(Digest.sha256(tar).toString());
    layers.add(descriptor(OCI + "layer.v1.tar" + packing.suffix, add(packed), packed.length));
    layerDigests.add(Digest.sha256(packed));
    return this;
  }

  public ImageBuilder layer(LayerContent content) {
    return layer(content, Packing.GZIP);
  }

  public ImageBuilder entrypoint(String... words) {
    return list("Entrypoint", words);
  }

  public ImageBuilder cmd(String... words) {
    return list("Cmd", words);
  }

  public ImageBuilder env(String... variables) {
    return list("Env", variables);
  }

  public ImageBuilder user(String user) {
    run.put("User", user);
    return this;
  }

  public ImageBuilder workingDir(String directory) {
    run.put("WorkingDir", directory);
    return this;
  }

  public ImageBuilder label(String key, String value) {
    run.withObjectProperty("Labels").put(key, value);
    return this;
  }

  /** Any member of the config's {@code config}. */
  public ImageBuilder config(String member, Object value) {
    run.set(member, JSON.valueToTree(value));
    return this;
  }

  public ImageBuilder architecture(String name) {
    architecture = name;
    return this;
  }

  private ImageBuilder list(String member, String... values) {
    ArrayNode array = run.putArray(member);
    for (String value : values) {
      array.add(value);
    }
    return this;
  }

  public Built build() {
    ObjectNode config = JSON.createObjectNode().put("os", "linux").put("architecture", architecture);
    config.set("config", run);
    config.putObject("rootfs").put("type", "layers").set("diff_ids", diffIds);
    byte[] configBytes = bytes(config);
    Digest configDigest = add(configBytes);
    ObjectNode manifest = JSON.createObjectNode().put("schemaVersion", 2).put("mediaType", OCI + "manifest.v1+json");
    manifest.set("config", descriptor(OCI + "config.v1+json", configDigest, configBytes.length));
    manifest.set("layers", layers);
    byte[] manifestBytes = bytes(manifest);
    return new Built(manifestBytes, add(manifestBytes), configDigest, List.copyOf(layerDigests), Map.copyOf(blobs));
  }

  private Digest add(byte[] blob) {
    Digest digest = Digest.sha256(blob);
    blobs.put(digest, blob);
    return digest;
  }

  private static byte[] bytes(ObjectNode node) {
    try {
      return JSON.writeValueAsBytes(node);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ObjectNode descriptor(String type, Digest digest, long size) {
    return JSON.createObjectNode().put("mediaType", type).put("digest", digest.toString()).put("size", size);
  }
}
