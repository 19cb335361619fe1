package dev.izolo.image;

import dev.izolo.image.oci.BlobSource;
import dev.izolo.image.oci.LayoutSource;
import dev.izolo.image.oci.ResolvedImage;
import dev.izolo.image.registry.Registries;
import dev.izolo.image.store.ImageStore;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The image service of a node: registries on one side, the store in a directory on the other. */
public final class LocalImageService implements ImageService, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LocalImageService.class);

  private final ImageSettings settings;
  private final ImageStore store;
  private final Registries registries;
  private final LayerFetcher layers;
  private final SingleFlight<PullKey, Image> pulls = new SingleFlight<>();

  /** Pulls with other credentials are other pulls: who may have an image is the registry's to say. */
  private record PullKey(ImageReference reference, RegistryAuth auth) {}

  private LocalImageService(ImageSettings settings, ImageStore store, Path directory) {
    this.settings = settings;
    this.store = store;
    this.registries = new Registries(settings.registry());
    this.layers = new LayerFetcher(store, directory, settings);
  }

  /**
   * Opens the images kept in a directory, made if absent. Only one process may have it open.
   *
   * @param directory for images alone, e.g. {@code /var/lib/izolo/images}
   */
  public static LocalImageService open(Path directory, ImageSettings settings) throws ImageException {
    return new LocalImageService(settings, ImageStore.open(directory), directory);
  }

  @Override
  public Image pull(String reference, RegistryAuth auth) throws ImageException, InterruptedException {
    ImageReference parsed = parse(reference);
    if (parsed.domain().equals(ImageSettings.BUILT_IN_DOMAIN)) {
      return find(reference).orElseThrow(() -> new ImageException.NotFound(
          parsed + " is no image that comes with Izolo, and " + ImageSettings.BUILT_IN_DOMAIN + " is no registry", null));
    }
    return pulls.run(new PullKey(parsed, auth), () -> {
      long started = System.nanoTime();
      Image image = add(registries.source(parsed, auth), parsed, false);
      LOG.info("pulled {} as {} in {} ms", parsed, image.id(), (System.nanoTime() - started) / 1_000_000);
      return image;
    });
  }

  @Override
  public Image importLayout(Path ociLayout, String reference, boolean pinned) throws ImageException, InterruptedException {
    return add(new LayoutSource(ociLayout), parse(reference), pinned);
  }

  private Image add(BlobSource source, ImageReference reference, boolean pinned)
      throws ImageException, InterruptedException {
    ResolvedImage resolved = ResolvedImage.from(source);
    List<Digest> diffIds = resolved.layers().stream().map(ResolvedImage.Layer::diffId).toList();
    // Held from before the first is looked for, so that no removal meanwhile takes one away again.
    try (ImageStore.Hold _ = store.hold(diffIds)) {
      layers.fetch(resolved, source);
      Set<String> names = new LinkedHashSet<>();
      names.add(reference.name() + "@" + resolved.topDigest());
      // A reference by digest says nothing of what its tag means now.
      if (reference.digest().isEmpty()) {
        reference.tagged().ifPresent(names::add);
      }
      return store.put(resolved.id(), resolved.configJson(), diffIds, resolved.sizeBytes(), pinned, names);
    }
  }

  private ImageReference parse(String reference) throws ImageException.InvalidReference {
    return ImageReference.parse(settings.shortNames().getOrDefault(reference, reference));
  }

  @Override
  public Optional<Image> find(String nameOrId) {
    Optional<Digest> id = Digest.tryParse(nameOrId);
    if (id.isPresent()) {
      return store.byIdPrefix(id.get().hex()).filter(image -> image.id().equals(nameOrId));
    }
    return byReference(nameOrId).or(() -> byPrefix(nameOrId));
  }

  private Optional<Image> byReference(String name) {
    ImageReference reference;
    try {
      reference = parse(name);
    } catch (ImageException.InvalidReference e) {
      return Optional.empty();
    }
    return reference.digest().isPresent()
        ? store.byName(reference.name() + "@" + reference.digest().get())
        : store.byName(reference.tagged().orElseThrow());
  }

  private Optional<Image> byPrefix(String nameOrId) {
    String hex = nameOrId.startsWith("sha256:") ? nameOrId.substring("sha256:".length()) : nameOrId;
    return !hex.isEmpty() && Digest.isLowerHex(hex) ? store.byIdPrefix(hex) : Optional.empty();
  }

  @Override
  public List<Image> list() {
    return store.list();
  }

  @Override
  public void remove(String nameOrId) throws ImageException {
    Optional<Image> image = find(nameOrId);
    if (image.isPresent()) {
      store.remove(image.get().id());
    }
  }

  @Override
  public LayerLease lease(Image image) throws ImageException {
    return store.lease(image);
  }

  @Override
  public Usage usage() throws ImageException {
    return store.usage();
  }

  /** Ends connections to registries; pulls under way fail. */
  @Override
  public void close() {
    registries.close();
  }
}
