package dev.izolo.image.store;

import java.util.List;

/**
 * What is kept of an image, as JSON.
 *
 * @param version of this form; a newer one than known is refused
 * @param id digest of the config
 * @param config the config itself, byte for byte
 * @param layers lowest first
 * @param sizeBytes as transferred
 */
public record ImageRecord(int version, String id, String config, List<LayerRecord> layers, long sizeBytes, boolean pinned) {
  public static final int VERSION = 1;

  /** @param fileBytes size of its EROFS file */
  public record LayerRecord(String diffId, long fileBytes) {}
}
