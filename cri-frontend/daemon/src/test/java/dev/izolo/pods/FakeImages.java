package dev.izolo.pods;

import dev.izolo.image.Image;
import dev.izolo.image.ImageConfig;
import dev.izolo.image.ImageService;
import dev.izolo.image.RegistryAuth;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** One image of two layers, and a count of the leases on it. */
public final class FakeImages implements ImageService {
  public static final String NAME = "registry.test/app:1";
  public static final String ID = "sha256:" + "ab".repeat(32);
  public static final List<String> DIFF_IDS = List.of("sha256:" + "01".repeat(32), "sha256:" + "02".repeat(32));

  private final AtomicInteger leases = new AtomicInteger();
  private final Image image;

  public FakeImages(Path directory) {
    List<Image.Layer> layers =
        DIFF_IDS.stream().map(d -> new Image.Layer(d, directory.resolve(d.substring(7) + ".erofs"), 4096)).toList();
    var config =
        new ImageConfig(
            "linux", "amd64", "", List.of("PATH=/bin", "A=image"), List.of("/entry"), List.of("default-arg"), "/work",
            "SIGUSR1", List.of(), Map.of());
    image = new Image(ID, List.of(NAME), List.of(), 8192, config, layers, false);
  }

  /** Leases end with the process that holds them. */
  public void processEnded() {
    leases.set(0);
  }

  public int leases() {
    return leases.get();
  }

  @Override
  public Optional<Image> find(String nameOrId) {
    return nameOrId.equals(NAME) || nameOrId.equals(ID) ? Optional.of(image) : Optional.empty();
  }

  @Override
  public LayerLease lease(Image leased) {
    leases.incrementAndGet();
    return new LayerLease() {
      @Override
      public List<Image.Layer> layers() {
        return leased.layers();
      }

      @Override
      public void close() {
        leases.decrementAndGet();
      }
    };
  }

  @Override
  public Image pull(String reference, RegistryAuth auth) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Image importLayout(Path ociLayout, String reference, boolean pinned) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Image> list() {
    return List.of(image);
  }

  @Override
  public void remove(String nameOrId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Usage usage() {
    throw new UnsupportedOperationException();
  }
}
