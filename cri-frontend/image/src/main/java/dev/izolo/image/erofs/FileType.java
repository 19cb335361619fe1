package dev.izolo.image.erofs;

/** File types with their mode bits and their number in a directory entry. */
public enum FileType {
  FILE(0100000, 1),
  DIRECTORY(0040000, 2),
  CHARACTER_DEVICE(0020000, 3),
  BLOCK_DEVICE(0060000, 4),
  FIFO(0010000, 5),
  SYMBOLIC_LINK(0120000, 7);

  final int modeBits;
  final byte direntType;

  FileType(int modeBits, int direntType) {
    this.modeBits = modeBits;
    this.direntType = (byte) direntType;
  }
}
