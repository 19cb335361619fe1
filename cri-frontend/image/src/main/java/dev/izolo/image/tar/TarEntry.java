package dev.izolo.image.tar;

import java.util.List;
import java.util.Map;

/**
 * One member of an archive. Names and values are byte strings (one char per byte).
 *
 * @param mode permission bits, 07777
 * @param size bytes of the file as it is to be; for a sparse file more than what is stored
 * @param linkName target of a symbolic or hard link, else empty
 * @param xattrs extended attributes by full name ({@code security.capability})
 * @param data the parts of a sparse file that are stored, in order; null for any other file
 */
public record TarEntry(
    String name,
    Type type,
    int mode,
    long uid,
    long gid,
    long size,
    long mtimeSeconds,
    int mtimeNanos,
    String linkName,
    int deviceMajor,
    int deviceMinor,
    Map<String, String> xattrs,
    List<Segment> data) {

  /** What kind of file it is. */
  public enum Type {
    FILE,
    HARD_LINK,
    SYMBOLIC_LINK,
    CHARACTER_DEVICE,
    BLOCK_DEVICE,
    DIRECTORY,
    FIFO
  }

  /** A run of stored bytes in a sparse file. */
  public record Segment(long offset, long length) {}
}
