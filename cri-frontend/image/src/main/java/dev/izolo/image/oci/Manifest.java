package dev.izolo.image.oci;

import com.fasterxml.jackson.databind.JsonNode;
import dev.izolo.image.ImageException;
import dev.izolo.image.Printable;
import java.util.ArrayList;
import java.util.List;

/** A manifest or an index of manifests. */
public sealed interface Manifest {
  /** Larger documents are refused before they are read (distribution-spec: registries enforce 4 MiB). */
  int MAX_BYTES = 4 << 20;

  /** Overlayfs and the guest's disks set the bound; builders stay below 128. */
  int MAX_LAYERS = 127;

  /** One image. */
  record ForImage(Descriptor config, List<Descriptor> layers) implements Manifest {}

  /** One image per platform. */
  record Index(List<Descriptor> manifests) implements Manifest {}

  /**
   * Parses by the document's own media type, else the one it was served with. A document that could be read as both
   * kinds is refused (CVE-2021-41190).
   */
  static Manifest parse(byte[] content, String servedType) throws ImageException {
    JsonNode root = Json.object(content, "the manifest");
    String ownType = Json.text(root, "mediaType", 256);
    String type = ownType.isEmpty() ? servedType : ownType;
    boolean isIndex = root.has("manifests");
    boolean isImage = root.has("config") || root.has("layers");
    if (MediaTypes.isSchema1(type) || root.path("schemaVersion").asInt(2) == 1) {
      throw Json.corrupt("the image has a Docker schema 1 manifest, which is obsolete and unsafe: push it again with a current tool");
    }
    if (isIndex && isImage) {
      throw Json.corrupt("the manifest is ambiguous: it has the members of an index and of an image");
    }
    if (!ownType.isEmpty() && (MediaTypes.isIndex(ownType) && isImage || MediaTypes.isManifest(ownType) && isIndex)) {
      throw Json.corrupt("the manifest's members contradict its media type " + Printable.of(ownType));
    }
    if (isIndex) {
      return new Index(descriptors(root, "manifests"));
    }
    if (!isImage) {
      throw Json.corrupt("neither an image manifest nor an index: media type " + Printable.of(type));
    }
    if (!root.hasNonNull("config")) {
      throw Json.corrupt("the manifest names no config");
    }
    Descriptor config = descriptor(Json.members(root, "config"));
    if (!MediaTypes.isConfig(config.mediaType())) {
      throw Json.corrupt("not a container image: its config is of type " + Printable.of(config.mediaType()));
    }
    if (config.size() > MAX_BYTES) {
      throw Json.corrupt("the image's config is larger than 4 MiB");
    }
    List<Descriptor> layers = descriptors(root, "layers");
    if (layers.size() > MAX_LAYERS) {
      throw Json.corrupt("the image has " + layers.size() + " layers, more than " + MAX_LAYERS);
    }
    for (Descriptor layer : layers) {
      if (!MediaTypes.isLayer(layer.mediaType())) {
        throw Json.corrupt("a layer is of the unsupported type " + Printable.of(layer.mediaType()));
      }
    }
    return new ForImage(config, layers);
  }

  private static List<Descriptor> descriptors(JsonNode root, String member) throws ImageException {
    List<Descriptor> found = new ArrayList<>();
    for (JsonNode node : Json.array(root, member)) {
      if (!node.isObject()) {
        throw Json.corrupt("an item of " + member + " is not an object");
      }
      found.add(descriptor(node));
    }
    return List.copyOf(found);
  }

  private static Descriptor descriptor(JsonNode node) throws ImageException {
    JsonNode size = node.path("size");
    if (!size.isIntegralNumber() || !size.canConvertToLong() || size.longValue() < 0) {
      throw Json.corrupt("a descriptor's size is not a number of bytes");
    }
    Descriptor.Platform platform = null;
    if (node.has("platform")) {
      JsonNode on = Json.members(node, "platform");
      platform = new Descriptor.Platform(
          Json.text(on, "os", 64), Json.text(on, "architecture", 64), Json.text(on, "variant", 64));
    }
    return new Descriptor(
        Json.text(node, "mediaType", 256), Json.digest(Json.text(node, "digest", 256)), size.longValue(), platform);
  }
}
