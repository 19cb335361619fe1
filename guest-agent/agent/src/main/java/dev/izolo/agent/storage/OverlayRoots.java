package dev.izolo.agent.storage;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.linux.Mounts;
import dev.izolo.agent.v1.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Container roots as overlays of EROFS layers, each mounted once in a VM, under an ext4 scratch disk. */
public final class OverlayRoots implements RootfsProvider {
  private static final int NUMBER_BASE = 36;

  private final ScsiDisks disks;
  private final Path layersDirectory;
  private final Map<String, Layer> layers = new HashMap<>();
  private int nextLayer;

  public OverlayRoots(Path layersDirectory) {
    this.disks = new ScsiDisks(Path.of("/sys"), Path.of("/dev"));
    this.layersDirectory = layersDirectory;
  }

  private static final class Layer {
    final Disk disk;
    final Path path;
    int users;

    Layer(Disk disk, Path path) {
      this.disk = disk;
      this.path = path;
    }
  }

  @Override
  public synchronized Root mount(List<Disk> lower, Disk scratch, Path directory) throws IOException {
    OverlayRoot root = new OverlayRoot(directory, scratch);
    try {
      for (Disk disk : lower) {
        root.layers.add(acquire(disk));
      }
      mountScratch(root, scratch);
      mountOverlay(root);
      return root;
    } catch (IOException | RuntimeException e) {
      try {
        root.unmount();
      } catch (IOException | RuntimeException cleanup) {
        e.addSuppressed(cleanup);
      }
      throw e;
    }
  }

  private void mountScratch(OverlayRoot root, Disk scratch) throws IOException {
    Files.createDirectories(root.scratchMount);
    Path node = disks.locate(scratch);
    Mounts.mount(node.toString(), root.scratchMount, "ext4", Mounts.NO_ATIME, null);
    if (Files.exists(root.upper())) {
      throw new AgentException.Refused(ScsiDisks.describe(scratch)
          + " holds another container's files: a scratch disk serves one container, once");
    }
    Files.createDirectory(root.upper());
    Files.createDirectory(root.work());
  }

  private void mountOverlay(OverlayRoot root) throws IOException {
    StringBuilder lower = new StringBuilder();
    for (Layer layer : root.layers.reversed()) {
      lower.append(lower.isEmpty() ? "" : ":").append(layer.path);
    }
    if (lower.isEmpty()) {
      // An image without layers: an empty directory of this container's own, nothing else.
      lower.append(Files.createDirectories(root.scratchMount.resolve("empty")));
    }
    Files.createDirectories(root.path());
    // volatile: the writable layer ends with the VM at the latest, so nothing is gained by forcing it to disk.
    Mounts.mount("overlay", root.path(), "overlay", 0,
        "lowerdir=" + lower + ",upperdir=" + root.upper() + ",workdir=" + root.work() + ",volatile");
  }

  private Layer acquire(Disk disk) throws IOException {
    Layer layer = layers.get(disk.getSerial());
    if (layer == null) {
      Path path = Files.createDirectories(layersDirectory.resolve(Integer.toString(nextLayer++, NUMBER_BASE)));
      try {
        Mounts.mount(disks.locate(disk).toString(), path, "erofs", Mounts.READ_ONLY, null);
      } catch (IOException | RuntimeException e) {
        Files.delete(path);
        throw e;
      }
      layer = new Layer(disk, path);
      layers.put(disk.getSerial(), layer);
    }
    layer.users++;
    return layer;
  }

  private void release(Layer layer) throws IOException {
    if (layer.users == 1) {
      Mounts.unmount(layer.path);
      Files.deleteIfExists(layer.path);
      disks.forget(layer.disk);
      layers.remove(layer.disk.getSerial());
    }
    layer.users--;
  }

  private final class OverlayRoot implements Root {
    private final Path directory;
    private final Path scratchMount;
    private final Disk scratch;
    private final List<Layer> layers = new ArrayList<>();

    OverlayRoot(Path directory, Disk scratch) {
      this.directory = directory;
      this.scratch = scratch;
      this.scratchMount = directory.resolve("scratch");
    }

    @Override
    public Path path() {
      return directory.resolve("rootfs");
    }

    @Override
    public Path writable() {
      return scratchMount;
    }

    Path upper() {
      return scratchMount.resolve("upper");
    }

    Path work() {
      return scratchMount.resolve("work");
    }

    @Override
    public void unmount() throws IOException {
      synchronized (OverlayRoots.this) {
        Mounts.unmount(path());
        Files.deleteIfExists(path());
        Mounts.unmount(scratchMount);
        Files.deleteIfExists(scratchMount);
        disks.forget(scratch);
        while (!layers.isEmpty()) {
          release(layers.getLast());
          layers.removeLast();
        }
      }
    }
  }
}
