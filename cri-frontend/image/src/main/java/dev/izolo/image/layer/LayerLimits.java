package dev.izolo.image.layer;

/**
 * What one layer may be at most.
 *
 * @param maxEntries entries of its tar, directories made for want of one included
 * @param maxUncompressedBytes its tar, and each file's size with holes counted
 * @param minFreeBytes left free on the store's file system, or the layer is refused: a bomb fills no disk
 */
public record LayerLimits(int maxEntries, long maxUncompressedBytes, long minFreeBytes) {
  public static final LayerLimits DEFAULT = new LayerLimits(1_000_000, 64L << 30, 256L << 20);
}
