package dev.izolo.image.store;

import java.util.Map;

/**
 * Which image a name means, as JSON.
 *
 * @param names {@code registry/repository:tag} and {@code registry/repository@digest}, each to an image's id
 */
record NameTable(int version, Map<String, String> names) {
  static final int VERSION = 1;
}
