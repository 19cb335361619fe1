package dev.izolo.e2e.harness;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/**
 * An image as a registry serves it, made in memory.
 *
 * @param manifest the manifest's (or index's) bytes
 * @param mediaType of the manifest
 * @param blobs config and layers by digest
 * @param nested the manifests that an index names, each to be pushed by its digest
 */
public record OciImage(byte[] manifest, String mediaType, Map<String, byte[]> blobs, List<OciImage> nested) {
  static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  static final String INDEX = "application/vnd.oci.image.index.v1+json";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** How a layer is packed. */
  public enum Packing { GZIP, ZSTD, PLAIN }

  public String digest() {
    return digest(manifest);
  }

  /** The digest of the config: the image's id. */
  public String id() {
    try {
      return JSON.readTree(manifest).at("/config/digest").asText();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The digest of the layer at this place, as packed. */
  public String layerDigest(int index) {
    try {
      return JSON.readTree(manifest).at("/layers/" + index + "/digest").asText();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Builder builder() {
    return new Builder();
  }

  /** An index of images by platform, "linux/amd64" alike. */
  public static OciImage index(Map<String, OciImage> byPlatform) {
    List<Object> manifests = new ArrayList<>();
    byPlatform.forEach((platform, image) -> {
      String[] parts = platform.split("/");
      manifests.add(Map.of("mediaType", image.mediaType(), "digest", image.digest(), "size", image.manifest().length,
          "platform", Map.of("os", parts[0], "architecture", parts[1])));
    });
    byte[] bytes = json(Map.of("schemaVersion", 2, "mediaType", INDEX, "manifests", manifests));
    return new OciImage(bytes, INDEX, Map.of(), List.copyOf(byPlatform.values()));
  }

  /** Collects layers and config. */
  public static final class Builder {
    private final List<Object> descriptors = new ArrayList<>();
    private final List<String> diffIds = new ArrayList<>();
    private final Map<String, byte[]> blobs = new LinkedHashMap<>();
    private final Map<String, Object> config = new LinkedHashMap<>();
    private String architecture = "amd64";

    public Builder layer(LayerTar layer) {
      return layer(layer, Packing.GZIP);
    }

    public Builder layer(LayerTar layer, Packing packing) {
      byte[] tar = layer.bytes();
      byte[] packed = pack(tar, packing);
      diffIds.add(digest(tar));
      String suffix = switch (packing) {
        case GZIP -> "+gzip";
        case ZSTD -> "+zstd";
        case PLAIN -> "";
      };
      descriptors.add(descriptor("application/vnd.oci.image.layer.v1.tar" + suffix, packed));
      blobs.put(digest(packed), packed);
      return this;
    }

    /** Sets a member of the config's own config, such as "User" or "Cmd". */
    public Builder config(String key, Object value) {
      config.put(key, value);
      return this;
    }

    public Builder architecture(String name) {
      this.architecture = name;
      return this;
    }

    public OciImage build() {
      byte[] configBytes = json(Map.of("architecture", architecture, "os", "linux", "config", config,
          "rootfs", Map.of("type", "layers", "diff_ids", diffIds)));
      Map<String, byte[]> all = new LinkedHashMap<>(blobs);
      all.put(digest(configBytes), configBytes);
      byte[] manifest = json(Map.of("schemaVersion", 2, "mediaType", MANIFEST,
          "config", descriptor("application/vnd.oci.image.config.v1+json", configBytes), "layers", descriptors));
      return new OciImage(manifest, MANIFEST, all, List.of());
    }

    private static Map<String, Object> descriptor(String type, byte[] content) {
      return Map.of("mediaType", type, "digest", digest(content), "size", content.length);
    }

    private static byte[] pack(byte[] tar, Packing packing) {
      ByteArrayOutputStream packed = new ByteArrayOutputStream();
      try (OutputStream out = switch (packing) {
        case GZIP -> new GZIPOutputStream(packed);
        case ZSTD -> new ZstdOutputStream(packed);
        case PLAIN -> packed;
      }) {
        out.write(tar);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return packed.toByteArray();
    }
  }

  public static String digest(byte[] content) {
    try {
      return "sha256:" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] json(Object value) {
    try {
      return JSON.writeValueAsString(value).getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
