package dev.izolo.e2e.harness;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** One layer's archive, entry by entry. */
public final class LayerTar {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8");

  public LayerTar() {
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
  }

  public LayerTar directory(String path, int mode) {
    return put(new TarArchiveEntry(path + "/", TarConstants.LF_DIR), mode, 0, 0, new byte[0]);
  }

  public LayerTar file(String path, int mode, String content) {
    return file(path, mode, content.getBytes(StandardCharsets.UTF_8));
  }

  public LayerTar file(String path, int mode, byte[] content) {
    return file(path, mode, 0, 0, content);
  }

  public LayerTar file(String path, int mode, int uid, int gid, byte[] content) {
    return put(new TarArchiveEntry(path, TarConstants.LF_NORMAL), mode, uid, gid, content);
  }

  /** A file with extended attributes, given as name, value, name, value. */
  public LayerTar fileWithAttributes(String path, int mode, String content, String... attributes) {
    TarArchiveEntry entry = new TarArchiveEntry(path, TarConstants.LF_NORMAL);
    for (int i = 0; i < attributes.length; i += 2) {
      entry.addPaxHeader("SCHILY.xattr." + attributes[i], attributes[i + 1]);
    }
    return put(entry, mode, 0, 0, content.getBytes(StandardCharsets.UTF_8));
  }

  public LayerTar hardLink(String path, String to) {
    TarArchiveEntry entry = new TarArchiveEntry(path, TarConstants.LF_LINK);
    entry.setLinkName(to);
    return put(entry, 0755, 0, 0, new byte[0]);
  }

  public LayerTar symlink(String path, String to) {
    TarArchiveEntry entry = new TarArchiveEntry(path, TarConstants.LF_SYMLINK);
    entry.setLinkName(to);
    return put(entry, 0777, 0, 0, new byte[0]);
  }

  /** Removes {@code path} of the layers beneath. */
  public LayerTar whiteout(String path) {
    int slash = path.lastIndexOf('/');
    return file(path.substring(0, slash + 1) + ".wh." + path.substring(slash + 1), 0, "");
  }

  /** Hides all that the layers beneath have in {@code directory}. */
  public LayerTar opaque(String directory) {
    return directory(directory, 0755).file(directory + "/.wh..wh..opq", 0, "");
  }

  private LayerTar put(TarArchiveEntry entry, int mode, int uid, int gid, byte[] content) {
    try {
      entry.setMode(mode);
      entry.setIds(uid, gid);
      entry.setModTime(1_700_000_000_000L);
      entry.setSize(content.length);
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  byte[] bytes() {
    try {
      tar.finish();
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
