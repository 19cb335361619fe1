package dev.izolo.image.erofs;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A node of the tree being written. */
public sealed interface Node {
  /** A directory; written at the end, so it can change until then. */
  final class Directory implements Node {
    private final Directory parent;
    private final Map<String, Node> children = new HashMap<>();
    private Attributes attributes;
    private int subdirectories;

    // Filled in when the image is finished; positions are bytes in it.
    long position;
    long dataPosition;
    long tailPosition;
    DirectoryLayout layout;

    Directory(Directory parent, Attributes attributes) {
      this.parent = parent == null ? this : parent;
      this.attributes = attributes;
    }

    public Directory parent() {
      return parent;
    }

    public Attributes attributes() {
      return attributes;
    }

    public void setAttributes(Attributes changed) {
      attributes = changed;
    }

    public Node child(String name) {
      return children.get(name);
    }

    Map<String, Node> children() {
      return children;
    }

    int links() {
      return 2 + subdirectories;
    }

    int leaves() {
      return children.size() - subdirectories;
    }

    /** Takes the name from whatever had it: a node without names is left out of the finished tree. */
    public void put(String name, Node node) {
      remove(name);
      children.put(name, node);
      switch (node) {
        case Directory _ -> subdirectories++;
        case Leaf leaf -> leaf.links++;
      }
    }

    public void remove(String name) {
      switch (children.remove(name)) {
        case null -> {}
        case Directory directory -> {
          subdirectories--;
          directory.clear();
        }
        case Leaf leaf -> leaf.links--;
      }
    }

    /** Takes all names away, those beneath included. */
    private void clear() {
      List.copyOf(children.keySet()).forEach(this::remove);
    }
  }

  /** Anything else: its inode is written already, but for the number of its names. */
  final class Leaf implements Node {
    final FileType type;
    final long position;
    private final String target;
    int links;

    Leaf(FileType type, long position, String target) {
      this.type = type;
      this.position = position;
      this.target = target;
    }

    public FileType type() {
      return type;
    }

    /** Where a symbolic link points, as a byte string; null for any other type. */
    public String target() {
      return target;
    }
  }
}
