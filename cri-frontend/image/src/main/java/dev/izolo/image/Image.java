package dev.izolo.image;

import java.nio.file.Path;
import java.util.List;

/**
 * An image that is present.
 *
 * @param id digest of its config, {@code sha256:...}
 * @param repoTags {@code registry/repository:tag}
 * @param repoDigests {@code registry/repository@sha256:...}
 * @param sizeBytes compressed size as pulled: config and layers
 * @param layers lowest first
 * @param pinned never to be removed by garbage collection
 */
public record Image(
    String id,
    List<String> repoTags,
    List<String> repoDigests,
    long sizeBytes,
    ImageConfig config,
    List<Layer> layers,
    boolean pinned) {

  /**
   * @param diffId digest of the uncompressed tar, {@code sha256:...}
   * @param file its EROFS image
   */
  public record Layer(String diffId, Path file, long sizeBytes) {}
}
