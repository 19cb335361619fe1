package dev.izolo.image.testing;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** A layer's tar, built entry by entry. Owners are root, times are fixed: the same calls make the same bytes. */
public final class LayerContent {
  /** How a layer is packed. */
  public enum Packing {
    NONE(""),
    GZIP("+gzip"),
    ZSTD("+zstd");

    final String suffix;

    Packing(String suffix) {
      this.suffix = suffix;
    }
  }

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final TarArchiveOutputStream tar;
  private boolean closed;

  public LayerContent() {
    tar = new TarArchiveOutputStream(bytes, "UTF-8");
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    tar.setAddPaxHeadersForNonAsciiNames(true);
  }

  public LayerContent directory(String name) {
    return directory(name, 0755);
  }

  public LayerContent directory(String name, int mode) {
    return add(entry(name.endsWith("/") ? name : name + "/", TarConstants.LF_DIR, mode), new byte[0]);
  }

  public LayerContent file(String name, String content) {
    return file(name, 0644, content.getBytes(StandardCharsets.UTF_8));
  }

  public LayerContent file(String name, int mode, byte[] content) {
    return add(entry(name, TarConstants.LF_NORMAL, mode), content);
  }

  /** With PAX records, e.g. {@code SCHILY.xattr.user.x}. */
  public LayerContent file(String name, int mode, byte[] content, Map<String, String> pax) {
    TarArchiveEntry entry = entry(name, TarConstants.LF_NORMAL, mode);
    pax.forEach(entry::addPaxHeader);
    return add(entry, content);
  }

  public LayerContent symbolicLink(String name, String target) {
    return link(name, target, TarConstants.LF_SYMLINK);
  }

  public LayerContent hardLink(String name, String target) {
    return link(name, target, TarConstants.LF_LINK);
  }

  private LayerContent link(String name, String target, byte type) {
    TarArchiveEntry entry = entry(name, type, 0777);
    entry.setLinkName(target);
    return add(entry, new byte[0]);
  }

  public LayerContent device(String name, boolean block, int major, int minor) {
    TarArchiveEntry entry = entry(name, block ? TarConstants.LF_BLK : TarConstants.LF_CHR, 0600);
    entry.setDevMajor(major);
    entry.setDevMinor(minor);
    return add(entry, new byte[0]);
  }

  public LayerContent fifo(String name) {
    return add(entry(name, TarConstants.LF_FIFO, 0644), new byte[0]);
  }

  /** A file removed from the layers below. */
  public LayerContent whiteout(String directory, String name) {
    return file((directory.isEmpty() ? "" : directory + "/") + ".wh." + name, "");
  }

  /** Hides everything that the layers below have in a directory. */
  public LayerContent opaque(String directory) {
    return file(directory + "/.wh..wh..opq", "");
  }

  /** A PAX header for the next entry, of records that the archiver itself would interpret. */
  public LayerContent paxHeader(Map<String, String> records) {
    StringBuilder text = new StringBuilder();
    records.forEach((key, value) -> {
      int body = key.length() + value.length() + 3;
      int length = body + Integer.toString(body + 2).length();
      text.append(length).append(' ').append(key).append('=').append(value).append('\n');
    });
    TarArchiveEntry entry = entry("pax", TarConstants.LF_PAX_EXTENDED_HEADER_LC, 0644);
    return add(entry, text.toString().getBytes(StandardCharsets.ISO_8859_1));
  }

  /** An entry made by the caller. */
  public LayerContent add(TarArchiveEntry entry, byte[] content) {
    try {
      entry.setSize(content.length);
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  private static TarArchiveEntry entry(String name, byte type, int mode) {
    TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
    entry.setMode(mode);
    entry.setModTime(1_700_000_000_000L);
    entry.setIds(0, 0);
    return entry;
  }

  /** The finished tar. */
  public byte[] tar() {
    try {
      if (!closed) {
        closed = true;
        tar.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  public static byte[] pack(byte[] tar, Packing packing) {
    return switch (packing) {
      case NONE -> tar;
      case GZIP -> gzip(tar);
      case ZSTD -> Zstd.compress(tar);
    };
  }

  private static byte[] gzip(byte[] content) {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
      out.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }
}
