package dev.izolo.image.layer;

import dev.izolo.image.Printable;
import dev.izolo.image.erofs.Attributes;
import dev.izolo.image.erofs.ErofsWriter;
import dev.izolo.image.erofs.Node;
import dev.izolo.image.tar.TarFormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/** Finds places in the tree being built. Nothing leads out of it: {@code ..} at the root stays at the root. */
final class LayerTree {
  private static final int MAX_NAME_BYTES = 255;
  private static final int MAX_PATH_BYTES = 4096;

  /** As Linux follows at most. */
  private static final int MAX_LINKS_FOLLOWED = 40;

  private final ErofsWriter writer;
  private final EntryBudget budget;

  LayerTree(ErofsWriter writer, EntryBudget budget) {
    this.writer = writer;
    this.budget = budget;
  }

  /** A name in a directory; the root itself has an empty name. */
  record Place(Node.Directory directory, String name) {
    Node node() {
      return name.isEmpty() ? directory : directory.child(name);
    }
  }

  /** The place of an entry, whose missing parents are made. */
  Place make(String path) throws IOException {
    return resolve(path, true);
  }

  /** The place of something that should exist; null if a parent of it does not. */
  Place find(String path) throws IOException {
    return resolve(path, false);
  }

  /** Symbolic links among the parents are followed within the tree, the last component is not. */
  private Place resolve(String path, boolean create) throws IOException {
    Deque<String> rest = new ArrayDeque<>(components(path));
    Node.Directory at = writer.root();
    int followed = 0;
    while (!rest.isEmpty()) {
      String name = rest.poll();
      if (name.equals("..")) {
        at = at.parent();
        continue;
      }
      if (rest.isEmpty()) {
        return new Place(at, name);
      }
      switch (at.child(name)) {
        case Node.Directory inner -> at = inner;
        case Node.Leaf leaf when leaf.target() != null -> {
          if (++followed > MAX_LINKS_FOLLOWED) {
            throw refused(path, "its parents are a loop of symbolic links");
          }
          if (leaf.target().startsWith("/")) {
            at = writer.root();
          }
          List<String> target = new ArrayList<>(components(leaf.target()));
          Collections.reverse(target);
          target.forEach(rest::push);
        }
        case null, default -> {
          if (!create) {
            return null;
          }
          budget.take();
          Node.Directory made = writer.newDirectory(at, Attributes.DEFAULT_DIRECTORY);
          at.put(name, made);
          at = made;
        }
      }
    }
    return new Place(at, "");
  }

  private static List<String> components(String path) throws TarFormatException {
    if (path.length() > MAX_PATH_BYTES) {
      throw refused(path, "it is longer than " + MAX_PATH_BYTES + " bytes");
    }
    if (path.indexOf('\0') >= 0) {
      throw refused(path, "it holds a NUL");
    }
    List<String> components = new ArrayList<>();
    for (String component : path.split("/")) {
      if (component.length() > MAX_NAME_BYTES) {
        throw refused(path, "a name in it is longer than " + MAX_NAME_BYTES + " bytes");
      }
      if (!component.isEmpty() && !component.equals(".")) {
        components.add(component);
      }
    }
    return components;
  }

  static TarFormatException refused(String path, String why) {
    String readable = new String(path.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    return new TarFormatException("the layer's entry " + Printable.of(readable) + " is refused: " + why);
  }
}
