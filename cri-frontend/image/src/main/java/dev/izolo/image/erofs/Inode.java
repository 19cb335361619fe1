package dev.izolo.image.erofs;

import java.nio.ByteBuffer;

/**
 * The 64-byte inode. The 32-byte form has no modification time, which nearly every file of a layer needs, so it is
 * never used.
 */
final class Inode {
  static final int SIZE = 64;

  /** Where an inode's number of links lies: the one member known only at the end. */
  static final int LINKS_OFFSET = 44;

  /** A unit of inode numbers: every inode lies on a multiple of it. */
  static final int SLOT = 32;

  private static final int EXTENDED = 1;
  private static final int PLAIN = 0 << 1;
  private static final int INLINE_TAIL = 2 << 1;

  private Inode() {}

  /**
   * @param inline whether the last, partial block follows the inode and its attributes
   * @param blockOrDevice first data block, or device number
   */
  static void put(ByteBuffer out, FileType type, Attributes attributes, byte[] xattrs, boolean inline, long size,
      int blockOrDevice, long nid, int links) {
    out.putShort((short) (EXTENDED | (inline ? INLINE_TAIL : PLAIN)));
    out.putShort((short) Xattrs.count(xattrs));
    out.putShort((short) (type.modeBits | (attributes.mode() & 07777)));
    out.putShort((short) 0);
    out.putLong(size);
    out.putInt(blockOrDevice);
    out.putInt((int) nid);
    out.putInt(attributes.uid());
    out.putInt(attributes.gid());
    out.putLong(attributes.mtimeSeconds());
    out.putInt(attributes.mtimeNanos());
    out.putInt(links);
    out.putLong(0);
    out.putLong(0);
    out.put(xattrs);
  }

  /** Linux's device number: 12 bits of major between the low 8 and the high 12 bits of minor. */
  static int device(int major, int minor) {
    return (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12);
  }
}
