package dev.izolo.image.erofs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * Writes one image into a new, empty file. Leaves (files, links, devices) are written when they are made and get into
 * the tree by {@link Node.Directory#put}; {@link #finish} writes the directories and the superblock. Sizes are in
 * bytes. Not thread-safe.
 */
public final class ErofsWriter {
  public static final int BLOCK = 4096;

  private static final int BLOCK_BITS = 12;
  private static final int SUPERBLOCK_OFFSET = 1024;
  private static final int SUPERBLOCK_BYTES = 128;
  private static final int MAGIC = 0xE0F5E1E2;
  private static final int FEATURE_CHECKSUM = 1;
  private static final int FEATURE_MTIME = 2;

  /** The root's inode follows the superblock: its number must fit 16 bits. */
  private static final int ROOT_POSITION = SUPERBLOCK_OFFSET + SUPERBLOCK_BYTES;

  private final FileChannel file;
  private final BlockOutput out;
  private final MetadataArea metadata;
  private final Node.Directory root = new Node.Directory(null, Attributes.DEFAULT_DIRECTORY);
  private final Set<Node.Leaf> linked = new LinkedHashSet<>();
  private final ByteBuffer firstBlock = newBuffer(BLOCK);

  /** @param buffers no other writer's until this one is done with */
  public ErofsWriter(FileChannel file, WriteBuffers buffers) throws IOException {
    this.file = file;
    this.out = new BlockOutput(file, buffers.data());
    this.metadata = new MetadataArea(out, buffers.metadata());
    out.allocate(1);
    root.position = ROOT_POSITION;
  }

  public Node.Directory root() {
    return root;
  }

  /** Bytes handed out so far, holes included. */
  public long allocatedBytes() {
    return out.blocks() * BLOCK;
  }

  public Node.Directory newDirectory(Node.Directory parent, Attributes attributes) {
    return new Node.Directory(parent, attributes);
  }

  public Node.Leaf newSymbolicLink(Attributes attributes, String target) throws IOException {
    try (FileData data = new FileData(FileType.SYMBOLIC_LINK, attributes, target.length(), target)) {
      data.write(target.getBytes(StandardCharsets.ISO_8859_1), 0, target.length());
      return data.node();
    }
  }

  /** A device or FIFO. */
  public Node.Leaf newSpecial(FileType type, Attributes attributes, int major, int minor) throws IOException {
    byte[] xattrs = Xattrs.encode(attributes.xattrs());
    long position = metadata.allocate(Inode.SIZE + xattrs.length);
    Inode.put(metadata.buffer(), type, attributes, xattrs, false, 0, Inode.device(major, minor), position / Inode.SLOT, 1);
    return new Node.Leaf(type, position, null);
  }

  /** A regular file; its data is written until closed, exactly as many bytes as announced. */
  public FileData newFile(Attributes attributes, long size) throws IOException {
    return new FileData(FileType.FILE, attributes, size, null);
  }

  /** Gives a leaf one more name. */
  public void link(Node.Directory directory, String name, Node.Leaf leaf) {
    directory.put(name, leaf);
    linked.add(leaf);
  }

  /** A file being written. */
  public final class FileData implements AutoCloseable {
    private final long size;
    private final long wholeBytes;
    private final long dataPosition;
    private final byte[] tail;
    private final long inodePosition;
    private final int tailOffset;
    private final Node.Leaf node;
    private long written;

    private FileData(FileType type, Attributes attributes, long size, String target) throws IOException {
      byte[] xattrs = Xattrs.encode(attributes.xattrs());
      int partial = (int) (size % BLOCK);
      tailOffset = Inode.SIZE + xattrs.length;
      boolean inline = partial > 0 && tailOffset + partial <= BLOCK;
      this.size = size;
      long blocks = size / BLOCK + (partial > 0 && !inline ? 1 : 0);
      inodePosition = metadata.allocate(tailOffset + (inline ? partial : 0));
      // Put before any data: the buffer's place is only good until the next allocation.
      dataPosition = blocks == 0 ? 0 : out.allocate(blocks);
      Inode.put(metadata.buffer(), type, attributes, xattrs, inline, size, (int) (dataPosition / BLOCK),
          inodePosition / Inode.SLOT, 1);
      tail = inline ? new byte[partial] : null;
      wholeBytes = inline ? size - partial : size;
      node = new Node.Leaf(type, inodePosition, target);
    }

    /** Appends; zeros that are skipped instead cost no space. */
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (length > size - written) {
        throw new IllegalStateException("more data than the file's size");
      }
      int whole = (int) Math.clamp(wholeBytes - written, 0, length);
      if (whole > 0) {
        out.write(dataPosition + written, bytes, offset, whole);
      }
      if (whole < length) {
        System.arraycopy(bytes, offset + whole, tail, (int) (written + whole - wholeBytes), length - whole);
      }
      written += length;
    }

    /** Goes on at a later offset; what lies between reads as zeros. */
    public void skipTo(long offset) {
      if (offset < written || offset > size) {
        throw new IllegalStateException("not a later offset in the file");
      }
      written = offset;
    }

    public Node.Leaf node() {
      return node;
    }

    /** Bytes not written read as zeros. */
    @Override
    public void close() {
      if (tail != null) {
        metadata.buffer().put(tail);
      }
    }
  }

  /**
   * Writes what is left and ends the image; the file is not forced to disk.
   *
   * @param uuid 16 bytes that name the image: from its content, so that the same content is the same bytes
   * @return number of inodes
   */
  public long finish(byte[] uuid) throws IOException {
    patchLinks();
    List<Node.Directory> directories = directories();
    long inodes = directories.size();
    for (Node.Directory directory : directories) {
      writeInode(directory);
      inodes += directory.leaves();
    }
    inodes -= linked.stream().mapToLong(leaf -> Math.max(0, leaf.links - 1)).sum();
    metadata.flush();
    out.flush();
    // Children's numbers are known only now, so entries are written in a second round.
    for (Node.Directory directory : directories) {
      writeEntries(directory);
    }
    out.finish();
    writeSuperblock(uuid, inodes);
    return inodes;
  }

  private void patchLinks() throws IOException {
    metadata.flush();
    out.flush();
    for (Node.Leaf leaf : linked) {
      if (leaf.links > 0) {
        writeFully(newBuffer(Integer.BYTES).putInt(leaf.links), leaf.position + Inode.LINKS_OFFSET);
      }
    }
  }

  private List<Node.Directory> directories() {
    List<Node.Directory> found = new ArrayList<>();
    Deque<Node.Directory> open = new ArrayDeque<>();
    open.add(root);
    while (!open.isEmpty()) {
      Node.Directory directory = open.poll();
      found.add(directory);
      for (Node child : directory.children().values()) {
        if (child instanceof Node.Directory inner) {
          open.add(inner);
        }
      }
    }
    return found;
  }

  /** A directory's inode, and room for its entries. */
  private void writeInode(Node.Directory directory) throws IOException {
    DirectoryLayout layout = DirectoryLayout.of(directory);
    byte[] xattrs = Xattrs.encode(directory.attributes().xattrs());
    int head = Inode.SIZE + xattrs.length;
    boolean isRoot = directory == root;
    int room = isRoot ? BLOCK - ROOT_POSITION : BLOCK;
    if (isRoot && head > room) {
      throw new ImageTooLargeException("the root directory has too many extended attributes");
    }
    boolean inline = head + layout.lastBlockBytes() <= room;
    int tail = inline ? layout.lastBlockBytes() : 0;
    if (!isRoot) {
      directory.position = metadata.allocate(head + tail);
    }
    int blocks = layout.blocks() - (inline ? 1 : 0);
    directory.dataPosition = blocks == 0 ? 0 : out.allocate(blocks);
    directory.tailPosition = inline ? directory.position + head : directory.dataPosition + (blocks - 1L) * BLOCK;
    directory.layout = layout;
    ByteBuffer buffer = isRoot ? firstBlock.position(ROOT_POSITION) : metadata.buffer();
    Inode.put(buffer, FileType.DIRECTORY, directory.attributes(), xattrs, inline, layout.size(),
        (int) (directory.dataPosition / BLOCK), directory.position / Inode.SLOT, directory.links());
    if (!isRoot) {
      buffer.position(buffer.position() + tail);
    }
  }

  private void writeEntries(Node.Directory directory) throws IOException {
    DirectoryLayout layout = directory.layout;
    for (int block = 0; block < layout.blocks(); block++) {
      boolean last = block == layout.blocks() - 1;
      ByteBuffer entries = newBuffer(last ? layout.lastBlockBytes() : BLOCK);
      layout.putBlock(block, directory, entries);
      long position = last ? directory.tailPosition : directory.dataPosition + (long) block * BLOCK;
      if (position < BLOCK) {
        firstBlock.position((int) position).put(entries.flip());
      } else {
        writeFully(entries, position);
      }
    }
  }

  /** Last of all, so that a file cut short is no valid image. */
  private void writeSuperblock(byte[] uuid, long inodes) throws IOException {
    firstBlock.position(SUPERBLOCK_OFFSET);
    firstBlock.putInt(MAGIC).putInt(0).putInt(FEATURE_CHECKSUM | FEATURE_MTIME);
    firstBlock.put((byte) BLOCK_BITS).put((byte) 0).putShort((short) (ROOT_POSITION / Inode.SLOT)).putLong(inodes);
    // build_time and its nanoseconds: for 32-byte inodes only, of which there are none.
    firstBlock.putLong(0).putInt(0);
    // blocks, meta_blkaddr, xattr_blkaddr: inodes are counted from the image's start, there are no shared attributes.
    firstBlock.putInt((int) out.blocks()).putInt(0).putInt(0).put(uuid, 0, 16);
    CRC32C crc = new CRC32C();
    crc.update(firstBlock.array(), SUPERBLOCK_OFFSET, BLOCK - SUPERBLOCK_OFFSET);
    // Linux's crc32c is not inverted at the end.
    firstBlock.putInt(SUPERBLOCK_OFFSET + 4, (int) ~crc.getValue());
    writeFully(firstBlock.position(BLOCK), 0);
  }

  private void writeFully(ByteBuffer filled, long position) throws IOException {
    filled.flip();
    while (filled.hasRemaining()) {
      position += file.write(filled, position);
    }
  }

  private static ByteBuffer newBuffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
