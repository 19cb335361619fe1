package dev.izolo.image.tar;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reads an archive entry by entry, in one pass and bounded memory. Everything in it may be hostile: sizes, numbers and
 * maps are checked here, names are only decoded (what they may be is for the tree that takes them). Not thread-safe.
 */
public final class TarReader {
  /** Extended headers and long names: far more than any real one, far less than would hurt. */
  private static final int MAX_HEADER_BYTES = 1 << 20;

  private static final int MAX_SPARSE_SEGMENTS = 65_536;

  private final InputStream in;
  private final byte[] scratch = new byte[TarHeader.SIZE];
  private final PaxAttributes global = new PaxAttributes();

  /** Stored bytes of the current entry not read yet, and the padding after them. */
  private long remaining;

  private int padding;

  public TarReader(InputStream in) {
    this.in = in;
  }

  /** Skips what is left of this entry and reads the next one's headers; null at the archive's end. */
  public TarEntry next() throws IOException {
    PaxAttributes pax = new PaxAttributes();
    String longName = null;
    String longLink = null;
    int extensions = 0;
    while (true) {
      in.skipNBytes(remaining + padding);
      remaining = 0;
      padding = 0;
      TarHeader header = readHeader();
      if (header == null) {
        if (extensions > 0) {
          throw new TarFormatException("the tar ends after an extended header");
        }
        return null;
      }
      long stored = storedSize(header);
      switch (header.typeFlag()) {
        case 'x' -> pax.putAll(PaxRecords.parse(readExtension(stored)));
        case 'g' -> global.putAll(PaxRecords.parse(readExtension(stored)));
        case 'L' -> longName = terminated(readExtension(stored));
        case 'K' -> longLink = terminated(readExtension(stored));
        default -> {
          return entry(header, pax.over(global), longName, longLink, stored);
        }
      }
      if (++extensions > 16) {
        throw new TarFormatException("too many extended headers before one entry");
      }
    }
  }

  /** Reads stored bytes of the current entry; -1 at their end. */
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (remaining == 0) {
      return -1;
    }
    int count = in.read(buffer, offset, (int) Math.min(length, remaining));
    if (count < 0) {
      throw new EOFException("the tar ends within a file's data");
    }
    remaining -= count;
    return count;
  }

  private TarHeader readHeader() throws IOException {
    int count = in.readNBytes(scratch, 0, scratch.length);
    if (count == 0) {
      // Some archivers leave the two closing zero blocks out; the field accepts that.
      return null;
    }
    if (count < scratch.length) {
      throw new EOFException("the tar ends within a header");
    }
    TarHeader header = new TarHeader(scratch);
    if (header.isZero()) {
      return null;
    }
    header.verifyChecksum();
    return header;
  }

  private static long storedSize(TarHeader header) throws TarFormatException {
    long size = header.number(124, 12, "size");
    if (size < 0) {
      throw new TarFormatException("a tar entry has a negative size");
    }
    return size;
  }

  private byte[] readExtension(long size) throws IOException {
    if (size > MAX_HEADER_BYTES) {
      throw new TarFormatException("an extended tar header is larger than 1 MiB");
    }
    byte[] data = in.readNBytes((int) size);
    if (data.length < size) {
      throw new EOFException("the tar ends within an extended header");
    }
    in.skipNBytes(paddingOf(size));
    return data;
  }

  private static int paddingOf(long size) {
    return (int) (-size & (TarHeader.SIZE - 1));
  }

  private static String terminated(byte[] data) {
    int end = 0;
    while (end < data.length && data[end] != 0) {
      end++;
    }
    return new String(data, 0, end, StandardCharsets.ISO_8859_1);
  }

  private TarEntry entry(TarHeader header, PaxAttributes pax, String longName, String longLink, long headerSize)
      throws IOException {
    String name = pax.text("path", longName != null ? longName : header.name());
    TarEntry.Type type = typeOf(header.typeFlag(), name);
    long stored = pax.number("size", headerSize);
    boolean hasData = type == TarEntry.Type.FILE;
    // A link, device or directory stores nothing, whatever its size field says (POSIX; old archivers set it).
    remaining = hasData ? stored : 0;
    padding = paddingOf(remaining);
    if (remaining > Long.MAX_VALUE - TarHeader.SIZE) {
      throw new TarFormatException("a tar entry's size does not fit");
    }
    String link = pax.text("linkpath", longLink != null ? longLink : header.linkName());
    int mode = (int) (header.number(100, 8, "mode") & 07777);
    long uid = pax.number("uid", header.number(108, 8, "uid"));
    long gid = pax.number("gid", header.number(116, 8, "gid"));
    PaxTime mtime = PaxTime.parse(pax.text("mtime", ""), header.number(136, 12, "mtime"));
    boolean device = type == TarEntry.Type.CHARACTER_DEVICE || type == TarEntry.Type.BLOCK_DEVICE;
    int major = device ? deviceNumber(header, 329) : 0;
    int minor = device ? deviceNumber(header, 337) : 0;
    long size = remaining;
    List<TarEntry.Segment> segments = null;
    if (hasData) {
      segments = sparseSegments(header, pax);
      if (segments != null) {
        size = sparseSize(header, pax);
        checkSegments(segments, size);
        name = pax.text("GNU.sparse.name", name);
      }
    }
    Map<String, String> xattrs = pax.xattrs();
    return new TarEntry(name, type, mode, uid, gid, size, mtime.seconds(), mtime.nanos(), link, major, minor, xattrs, segments);
  }

  private static int deviceNumber(TarHeader header, int offset) throws TarFormatException {
    long number = header.number(offset, 8, "device number");
    if (number < 0 || number >= 1 << 20) {
      throw new TarFormatException("a device number in the tar is out of range");
    }
    return (int) number;
  }

  private static TarEntry.Type typeOf(char flag, String name) throws TarFormatException {
    return switch (flag) {
      // Before POSIX, a directory was a file whose name ends with a slash.
      case 0, '0', '7' -> name.endsWith("/") ? TarEntry.Type.DIRECTORY : TarEntry.Type.FILE;
      case 'S' -> TarEntry.Type.FILE;
      case '1' -> TarEntry.Type.HARD_LINK;
      case '2' -> TarEntry.Type.SYMBOLIC_LINK;
      case '3' -> TarEntry.Type.CHARACTER_DEVICE;
      case '4' -> TarEntry.Type.BLOCK_DEVICE;
      case '5' -> TarEntry.Type.DIRECTORY;
      case '6' -> TarEntry.Type.FIFO;
      default -> throw new TarFormatException("a tar entry has an unknown type, 0x" + Integer.toHexString(flag));
    };
  }

  private List<TarEntry.Segment> sparseSegments(TarHeader header, PaxAttributes pax) throws IOException {
    if (header.typeFlag() == 'S') {
      return gnuSparseMap(header);
    }
    if (pax.text("GNU.sparse.major", "").equals("1") && pax.text("GNU.sparse.minor", "").equals("0")) {
      return storedSparseMap();
    }
    return pax.sparseMap();
  }

  private static long sparseSize(TarHeader header, PaxAttributes pax) throws TarFormatException {
    long size = header.typeFlag() == 'S'
        ? header.number(483, 12, "real size")
        : pax.number("GNU.sparse.realsize", pax.number("GNU.sparse.size", -1));
    if (size < 0) {
      throw new TarFormatException("a sparse file in the tar has no valid size");
    }
    return size;
  }

  /** The old GNU format: four pairs in the header, then blocks of 21, each saying whether another follows. */
  private List<TarEntry.Segment> gnuSparseMap(TarHeader header) throws IOException {
    List<TarEntry.Segment> segments = new ArrayList<>();
    addPairs(header, 386, 4, segments);
    // Later blocks overwrite the header's buffer, so what the caller still needs of it is copied first.
    boolean more = header.block()[482] != 0;
    byte[] extension = new byte[TarHeader.SIZE];
    while (more) {
      if (in.readNBytes(extension, 0, extension.length) < extension.length) {
        throw new EOFException("the tar ends within a sparse map");
      }
      addPairs(new TarHeader(extension), 0, 21, segments);
      more = extension[504] != 0;
      if (segments.size() > MAX_SPARSE_SEGMENTS) {
        throw new TarFormatException("a sparse file in the tar has too many parts");
      }
    }
    return segments;
  }

  private static void addPairs(TarHeader block, int offset, int count, List<TarEntry.Segment> segments)
      throws TarFormatException {
    for (int i = 0; i < count; i++) {
      int at = offset + i * 24;
      if (block.block()[at] == 0) {
        return;
      }
      segments.add(new TarEntry.Segment(block.number(at, 12, "sparse offset"), block.number(at + 12, 12, "sparse length")));
    }
  }

  /** PAX format 1.0: the map is text before the data, decimal numbers each on a line, padded to a block. */
  private List<TarEntry.Segment> storedSparseMap() throws IOException {
    long[] consumed = new long[1];
    long pairs = readDecimalLine(consumed);
    if (pairs > MAX_SPARSE_SEGMENTS) {
      throw new TarFormatException("a sparse file in the tar has too many parts");
    }
    List<Long> numbers = new ArrayList<>();
    for (long i = 0; i < pairs * 2; i++) {
      numbers.add(readDecimalLine(consumed));
    }
    for (int pad = paddingOf(consumed[0]); pad > 0; pad--) {
      readStoredByte();
    }
    return PaxAttributes.segments(numbers);
  }

  private long readDecimalLine(long[] consumed) throws IOException {
    StringBuilder digits = new StringBuilder();
    while (true) {
      int b = readStoredByte();
      consumed[0]++;
      if (b == '\n') {
        return PaxRecords.decimal(digits.toString(), "sparse map");
      }
      digits.append((char) b);
      if (digits.length() > 20) {
        throw new TarFormatException("a PAX sparse map is not numbers on lines");
      }
    }
  }

  private int readStoredByte() throws IOException {
    byte[] one = new byte[1];
    if (read(one, 0, 1) < 1) {
      throw new TarFormatException("a PAX sparse map is longer than its file");
    }
    return one[0] & 0xff;
  }

  private void checkSegments(List<TarEntry.Segment> segments, long size) throws TarFormatException {
    long end = 0;
    long stored = 0;
    for (TarEntry.Segment segment : segments) {
      if (segment.offset() < end || segment.length() < 0 || segment.length() > size || segment.offset() > size - segment.length()) {
        throw new TarFormatException("a sparse file's parts overlap or lie outside it");
      }
      end = segment.offset() + segment.length();
      stored += segment.length();
    }
    if (stored != remaining) {
      throw new TarFormatException("a sparse file's parts do not add up to what the tar stores");
    }
  }
}
