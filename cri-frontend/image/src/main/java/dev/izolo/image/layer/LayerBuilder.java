package dev.izolo.image.layer;

import dev.izolo.image.erofs.Attributes;
import dev.izolo.image.erofs.ErofsWriter;
import dev.izolo.image.erofs.FileType;
import dev.izolo.image.erofs.Node;
import dev.izolo.image.erofs.Xattrs;
import dev.izolo.image.tar.TarEntry;
import dev.izolo.image.tar.TarReader;
import java.io.EOFException;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * Puts a tar's entries into an image: the last of a name wins, a directory named again keeps what is in it, whiteouts
 * become overlayfs's. Not thread-safe.
 */
final class LayerBuilder {
  private static final String WHITEOUT = ".wh.";
  private static final String WHITEOUT_META = ".wh..wh.";
  private static final String OPAQUE_MARKER = ".wh..wh..opq";
  private static final String OPAQUE = "trusted.overlay.opaque";
  private static final String OVERLAY_TRUSTED = "trusted.overlay.";
  private static final String OVERLAY_USER = "user.overlay.";
  private static final int MAX_TARGET_BYTES = 4095;
  private static final long MAX_ID = 0xffff_fffeL;

  private static final Attributes WHITEOUT_ATTRIBUTES = new Attributes(0, 0, 0, 0, 0, Map.of());

  private final TarReader tar;
  private final ErofsWriter writer;
  private final LayerLimits limits;
  private final EntryBudget budget;
  private final LayerTree tree;
  private final SpaceGuard space;
  private final byte[] chunk;
  private long fileBytes;

  /** All whiteouts are names of one node. */
  private Node.Leaf whiteout;

  /** @param chunk to copy files' data through, nobody else's meanwhile */
  LayerBuilder(TarReader tar, ErofsWriter writer, LayerLimits limits, SpaceGuard space, byte[] chunk) {
    this.tar = tar;
    this.writer = writer;
    this.limits = limits;
    this.space = space;
    this.chunk = chunk;
    this.budget = new EntryBudget(limits.maxEntries());
    this.tree = new LayerTree(writer, budget);
  }

  /** Takes all entries. */
  void build() throws IOException {
    for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
      budget.take();
      LayerTree.Place place = tree.make(entry.name());
      if (place.name().startsWith(WHITEOUT)) {
        whiteout(place, entry);
      } else {
        add(place, entry);
      }
    }
  }

  private void add(LayerTree.Place place, TarEntry entry) throws IOException {
    Attributes attributes = attributes(entry);
    if (place.name().isEmpty() && entry.type() != TarEntry.Type.DIRECTORY) {
      throw LayerTree.refused(entry.name(), "only a directory can be the root");
    }
    Node leaf =
        switch (entry.type()) {
          case DIRECTORY -> null;
          case FILE -> file(attributes, entry);
          case SYMBOLIC_LINK -> symbolicLink(attributes, entry);
          case CHARACTER_DEVICE ->
              writer.newSpecial(FileType.CHARACTER_DEVICE, attributes, entry.deviceMajor(), entry.deviceMinor());
          case BLOCK_DEVICE ->
              writer.newSpecial(FileType.BLOCK_DEVICE, attributes, entry.deviceMajor(), entry.deviceMinor());
          case FIFO -> writer.newSpecial(FileType.FIFO, attributes, 0, 0);
          case HARD_LINK -> {
            hardLink(place, entry);
            yield null;
          }
        };
    if (leaf != null) {
      place.directory().put(place.name(), leaf);
    } else if (entry.type() == TarEntry.Type.DIRECTORY) {
      directory(place, attributes);
    }
  }

  private void directory(LayerTree.Place place, Attributes attributes) {
    Node existing = place.node();
    if (existing instanceof Node.Directory directory) {
      boolean opaque = directory.attributes().xattrs().containsKey(OPAQUE);
      directory.setAttributes(opaque ? attributes.withXattr(OPAQUE, "y") : attributes);
      return;
    }
    // A whiteout here took the lower layers' directory away: what was in theirs must not show through in this one.
    boolean replaces = existing != null && existing == whiteout;
    place.directory().put(place.name(),
        writer.newDirectory(place.directory(), replaces ? attributes.withXattr(OPAQUE, "y") : attributes));
  }

  private Node.Leaf file(Attributes attributes, TarEntry entry) throws IOException {
    fileBytes += entry.size();
    if (entry.size() > limits.maxUncompressedBytes() || fileBytes > limits.maxUncompressedBytes()) {
      throw new LayerTooLargeException(
          "the layer's files are larger than the limit of " + limits.maxUncompressedBytes() + " bytes");
    }
    try (ErofsWriter.FileData data = writer.newFile(attributes, entry.size())) {
      if (entry.data() == null) {
        copy(data, entry.size());
      } else {
        for (TarEntry.Segment segment : entry.data()) {
          data.skipTo(segment.offset());
          copy(data, segment.length());
        }
      }
      return data.node();
    }
  }

  private void copy(ErofsWriter.FileData data, long length) throws IOException {
    while (length > 0) {
      int count = tar.read(chunk, 0, (int) Math.min(chunk.length, length));
      if (count < 0) {
        throw new EOFException("the tar ends within a file's data");
      }
      data.write(chunk, 0, count);
      space.written(count);
      length -= count;
    }
  }

  private Node.Leaf symbolicLink(Attributes attributes, TarEntry entry) throws IOException {
    String target = entry.linkName();
    if (target.isEmpty() || target.length() > MAX_TARGET_BYTES || target.indexOf('\0') >= 0) {
      throw LayerTree.refused(entry.name(), "a symbolic link's target must be 1 to 4095 bytes without NUL");
    }
    return writer.newSymbolicLink(attributes, target);
  }

  private void hardLink(LayerTree.Place place, TarEntry entry) throws IOException {
    LayerTree.Place target = tree.find(entry.linkName());
    if (target == null || !(target.node() instanceof Node.Leaf leaf) || leaf == whiteout) {
      throw LayerTree.refused(entry.name(), "it is a hard link to what is no earlier file of this layer");
    }
    if (place.node() != leaf) {
      writer.link(place.directory(), place.name(), leaf);
    }
  }

  private void whiteout(LayerTree.Place place, TarEntry entry) throws IOException {
    Node.Directory directory = place.directory();
    if (place.name().equals(OPAQUE_MARKER)) {
      directory.setAttributes(directory.attributes().withXattr(OPAQUE, "y"));
      return;
    }
    if (place.name().startsWith(WHITEOUT_META)) {
      // Bookkeeping of AUFS, which made these files; means nothing elsewhere.
      return;
    }
    String hidden = place.name().substring(WHITEOUT.length());
    if (hidden.isEmpty() || hidden.equals(".") || hidden.equals("..")) {
      throw LayerTree.refused(entry.name(), "a whiteout must name a file");
    }
    switch (directory.child(hidden)) {
      case null -> {
        if (whiteout == null) {
          whiteout = writer.newSpecial(FileType.CHARACTER_DEVICE, WHITEOUT_ATTRIBUTES, 0, 0);
        }
        writer.link(directory, hidden, whiteout);
      }
      // A whiteout is of lower layers' files only: this layer's own directory stays, and hides theirs.
      case Node.Directory own -> own.setAttributes(own.attributes().withXattr(OPAQUE, "y"));
      case Node.Leaf _ -> {}
    }
  }

  private static Attributes attributes(TarEntry entry) throws IOException {
    if (entry.uid() < 0 || entry.uid() > MAX_ID || entry.gid() < 0 || entry.gid() > MAX_ID) {
      throw LayerTree.refused(entry.name(), "its owner or group is not a 32-bit id");
    }
    Map<String, String> xattrs = new TreeMap<>();
    entry.xattrs().forEach((name, value) -> {
      // Overlayfs obeys these; only what this class derives from whiteouts may speak to it.
      boolean forOverlay = name.startsWith(OVERLAY_TRUSTED) || name.startsWith(OVERLAY_USER);
      if (Xattrs.isSupported(name) && !forOverlay) {
        xattrs.put(name, value);
      }
    });
    return new Attributes(
        entry.mode(), (int) entry.uid(), (int) entry.gid(), entry.mtimeSeconds(), entry.mtimeNanos(), xattrs);
  }
}
