package dev.izolo.image.erofs;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How a directory's entries fill its blocks: in byte order of the names, each block with its entries first and their
 * names behind them, so that the kernel can search by halves, among blocks and within one.
 */
final class DirectoryLayout {
  private static final int ENTRY = 12;

  private final String[] names;

  /** Index of the first entry of each block. */
  private final int[] firsts;

  private final int lastBlockBytes;

  private DirectoryLayout(String[] names, int[] firsts, int lastBlockBytes) {
    this.names = names;
    this.firsts = firsts;
    this.lastBlockBytes = lastBlockBytes;
  }

  static DirectoryLayout of(Node.Directory directory) {
    String[] names = new String[directory.children().size() + 2];
    directory.children().keySet().toArray(names);
    names[names.length - 2] = ".";
    names[names.length - 1] = "..";
    Arrays.sort(names);
    List<Integer> firsts = new ArrayList<>();
    int used = ErofsWriter.BLOCK;
    for (int i = 0; i < names.length; i++) {
      int need = ENTRY + names[i].length();
      if (used + need > ErofsWriter.BLOCK) {
        firsts.add(i);
        used = 0;
      }
      used += need;
    }
    return new DirectoryLayout(names, firsts.stream().mapToInt(Integer::intValue).toArray(), used);
  }

  long size() {
    return (long) (firsts.length - 1) * ErofsWriter.BLOCK + lastBlockBytes;
  }

  int blocks() {
    return firsts.length;
  }

  int lastBlockBytes() {
    return lastBlockBytes;
  }

  /** Puts one block: exactly {@link #lastBlockBytes()} for the last, else a whole block. */
  void putBlock(int block, Node.Directory directory, ByteBuffer out) {
    int first = firsts[block];
    int end = block + 1 < firsts.length ? firsts[block + 1] : names.length;
    int start = out.position();
    int nameOffset = (end - first) * ENTRY;
    for (int i = first; i < end; i++) {
      Node node = switch (names[i]) {
        case "." -> directory;
        case ".." -> directory.parent();
        case String name -> directory.child(name);
      };
      switch (node) {
        case Node.Directory child -> putEntry(out, child.position, nameOffset, FileType.DIRECTORY);
        case Node.Leaf leaf -> putEntry(out, leaf.position, nameOffset, leaf.type);
      }
      nameOffset += names[i].length();
    }
    for (int i = first; i < end; i++) {
      out.put(names[i].getBytes(StandardCharsets.ISO_8859_1));
    }
    if (block + 1 < firsts.length) {
      out.put(new byte[start + ErofsWriter.BLOCK - out.position()]);
    }
  }

  private static void putEntry(ByteBuffer out, long position, int nameOffset, FileType type) {
    out.putLong(position / Inode.SLOT).putShort((short) nameOffset).put(type.direntType).put((byte) 0);
  }
}
