package dev.izolo.image.erofs;

import java.util.Map;
import java.util.TreeMap;

/**
 * What an inode says of itself.
 *
 * @param mode permission bits, 07777
 * @param xattrs by full name; names and values are byte strings (one char per byte)
 */
public record Attributes(int mode, int uid, int gid, long mtimeSeconds, int mtimeNanos, Map<String, String> xattrs) {
  public static final Attributes DEFAULT_DIRECTORY = new Attributes(0755, 0, 0, 0, 0, Map.of());

  public Attributes withXattr(String name, String value) {
    Map<String, String> more = new TreeMap<>(xattrs);
    more.put(name, value);
    return new Attributes(mode, uid, gid, mtimeSeconds, mtimeNanos, more);
  }
}
