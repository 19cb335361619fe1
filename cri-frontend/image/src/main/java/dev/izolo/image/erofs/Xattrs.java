package dev.izolo.image.erofs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** Extended attributes as they lie behind their inode. */
public final class Xattrs {
  /** Together behind one inode; Linux allows 64 KiB for one value, real ones have tens of bytes. */
  static final int MAX_BYTES = 32 * 1024;

  private static final int HEADER = 12;
  private static final int ENTRY_HEADER = 4;

  /** Name prefixes that the format has a number for; it can hold no others. */
  private enum Prefix {
    USER("user.", 1),
    ACL_ACCESS("system.posix_acl_access", 2),
    ACL_DEFAULT("system.posix_acl_default", 3),
    TRUSTED("trusted.", 4),
    SECURITY("security.", 6);

    private final String text;
    private final int index;

    Prefix(String text, int index) {
      this.text = text;
      this.index = index;
    }

    static Prefix of(String name) {
      for (Prefix prefix : values()) {
        boolean whole = prefix == ACL_ACCESS || prefix == ACL_DEFAULT;
        if (whole ? name.equals(prefix.text) : name.startsWith(prefix.text) && name.length() > prefix.text.length()) {
          return prefix;
        }
      }
      return null;
    }
  }

  private Xattrs() {}

  /** Whether the format can hold an attribute of this name. */
  public static boolean isSupported(String name) {
    return Prefix.of(name) != null && name.length() <= 255;
  }

  /**
   * The bytes that follow the inode, a multiple of four; none for no attributes.
   *
   * @throws ImageTooLargeException if they are too many for one inode
   */
  static byte[] encode(Map<String, String> xattrs) throws ImageTooLargeException {
    if (xattrs.isEmpty()) {
      return new byte[0];
    }
    int size = HEADER;
    for (var xattr : xattrs.entrySet()) {
      size += entrySize(xattr.getKey(), xattr.getValue());
      if (size > MAX_BYTES || xattr.getValue().length() > MAX_BYTES) {
        throw new ImageTooLargeException("a file has more than " + MAX_BYTES + " bytes of extended attributes");
      }
    }
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    out.position(HEADER);
    for (var xattr : new TreeMap<>(xattrs).entrySet()) {
      int start = out.position();
      Prefix prefix = Prefix.of(xattr.getKey());
      byte[] name = xattr.getKey().substring(prefix.text.length()).getBytes(StandardCharsets.ISO_8859_1);
      byte[] value = xattr.getValue().getBytes(StandardCharsets.ISO_8859_1);
      out.put((byte) name.length).put((byte) prefix.index).putShort((short) value.length).put(name).put(value);
      out.position(start + entrySize(xattr.getKey(), xattr.getValue()));
    }
    return out.array();
  }

  /** The inode's i_xattr_icount for an encoded body. */
  static int count(byte[] encoded) {
    return encoded.length == 0 ? 0 : 1 + (encoded.length - HEADER) / 4;
  }

  private static int entrySize(String name, String value) {
    int suffix = name.length() - Prefix.of(name).text.length();
    return ENTRY_HEADER + suffix + value.length() + 3 & ~3;
  }
}
