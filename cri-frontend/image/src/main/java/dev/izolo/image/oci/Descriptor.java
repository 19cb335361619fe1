package dev.izolo.image.oci;

import dev.izolo.image.Digest;

/**
 * Points to content (image-spec, descriptor.md). Its {@code urls} are never followed, so it has none.
 *
 * @param size in bytes
 * @param platform null where there is none
 */
public record Descriptor(String mediaType, Digest digest, long size, Platform platform) {
  /** What an index says its member runs on. */
  public record Platform(String os, String architecture, String variant) {}
}
