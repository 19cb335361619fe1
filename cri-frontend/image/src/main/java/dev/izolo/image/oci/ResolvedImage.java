package dev.izolo.image.oci;

import dev.izolo.image.Digest;
import dev.izolo.image.ImageException;
import dev.izolo.image.Printable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * An image as its source describes it, checked, before its layers are fetched.
 *
 * @param topDigest of what its name leads to: the index where there is one
 * @param id digest of its config
 * @param configJson the config, byte for byte
 * @param sizeBytes of config and layers as transferred
 */
public record ResolvedImage(
    Digest topDigest, Digest id, String configJson, ConfigDocument config, List<Layer> layers, long sizeBytes) {
  /** Indexes within indexes: one level is in use. */
  private static final int MAX_INDEX_DEPTH = 3;

  private static final String OS = "linux";
  private static final String ARCHITECTURE = "amd64";

  /** A layer to fetch. */
  public record Layer(Descriptor blob, Digest diffId) {}

  public static ResolvedImage from(BlobSource source) throws ImageException, InterruptedException {
    BlobSource.Document top = source.resolve();
    Manifest manifest = Manifest.parse(top.content(), top.descriptor().mediaType());
    for (int depth = 0; manifest instanceof Manifest.Index index; depth++) {
      if (depth == MAX_INDEX_DEPTH) {
        throw Json.corrupt("the image's indexes are nested too deep");
      }
      Descriptor chosen = choose(index);
      manifest = Manifest.parse(source.document(bounded(chosen)), chosen.mediaType());
    }
    return describe(top.descriptor().digest(), (Manifest.ForImage) manifest, source);
  }

  /** This platform's member; an index without platforms inside is looked into. Attestations are for no platform. */
  private static Descriptor choose(Manifest.Index index) throws ImageException {
    for (Descriptor member : index.manifests()) {
      Descriptor.Platform on = member.platform();
      if (on != null && on.os().equals(OS) && on.architecture().equals(ARCHITECTURE) && isBaseline(on.variant())) {
        return member;
      }
    }
    for (Descriptor member : index.manifests()) {
      if (member.platform() == null && (MediaTypes.isIndex(member.mediaType()) || MediaTypes.isManifest(member.mediaType()))) {
        return member;
      }
    }
    throw new ImageException.NotFound("the image exists, but not for " + OS + "/" + ARCHITECTURE + "; it is for "
        + index.manifests().stream().map(Descriptor::platform).filter(p -> p != null && !p.os().equals("unknown"))
            .map(ResolvedImage::written).distinct().limit(20).toList(), null);
  }

  private static String written(Descriptor.Platform platform) {
    String variant = platform.variant().isEmpty() ? "" : "/" + platform.variant();
    return Printable.of(platform.os() + "/" + platform.architecture() + variant);
  }

  /** Later variants need a newer processor than the guest is promised. */
  private static boolean isBaseline(String variant) {
    return variant.isEmpty() || variant.equals("v1");
  }

  private static Descriptor bounded(Descriptor document) throws ImageException {
    if (document.size() > Manifest.MAX_BYTES) {
      throw Json.corrupt("a manifest is larger than 4 MiB");
    }
    return document;
  }

  private static ResolvedImage describe(Digest topDigest, Manifest.ForImage manifest, BlobSource source)
      throws ImageException, InterruptedException {
    byte[] content = source.document(bounded(manifest.config()));
    ConfigDocument config = ConfigDocument.parse(content);
    String os = config.config().os();
    String architecture = config.config().architecture();
    if (os.isEmpty() || architecture.isEmpty()) {
      throw Json.corrupt("the image's config does not say which os and architecture the image is for");
    }
    if (!os.equals(OS) || !architecture.equals(ARCHITECTURE)) {
      throw new ImageException.NotFound(
          "the image is for " + Printable.of(os + "/" + architecture) + ", not for " + OS + "/" + ARCHITECTURE, null);
    }
    if (config.diffIds().size() != manifest.layers().size()) {
      throw Json.corrupt("the image's manifest has " + manifest.layers().size() + " layers, its config "
          + config.diffIds().size());
    }
    if (manifest.layers().isEmpty()) {
      // There is nothing in it that could run, and nothing that may ever be taken for its root file system.
      throw Json.corrupt("the image has no layers, so there is nothing in it to run");
    }
    List<Layer> layers = new ArrayList<>();
    long size = manifest.config().size();
    for (int i = 0; i < manifest.layers().size(); i++) {
      layers.add(new Layer(manifest.layers().get(i), config.diffIds().get(i)));
      size = Math.addExact(size, Math.min(manifest.layers().get(i).size(), Long.MAX_VALUE >> 8));
    }
    return new ResolvedImage(topDigest, manifest.config().digest(), new String(content, StandardCharsets.UTF_8), config,
        List.copyOf(layers), size);
  }
}
