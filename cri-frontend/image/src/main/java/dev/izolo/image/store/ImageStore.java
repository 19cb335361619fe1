package dev.izolo.image.store;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.izolo.image.Digest;
import dev.izolo.image.Image;
import dev.izolo.image.ImageException;
import dev.izolo.image.ImageService;
import dev.izolo.image.oci.ConfigDocument;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The images of one state directory, which no other process may use at the same time. Safe for concurrent use; an
 * image with a layer file missing is not shown, and whole again once the layer is back.
 */
public final class ImageStore {
  private static final Logger LOG = LoggerFactory.getLogger(ImageStore.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ReentrantLock lock = new ReentrantLock();
  private final Path directory;
  private final Path layersDirectory;
  private final Path imagesDirectory;
  private final Path namesFile;
  private final LayerFiles files;
  private final Map<String, Entry> images = new TreeMap<>();
  private final Map<String, String> names = new TreeMap<>();

  private record Entry(ImageRecord record, ConfigDocument config) {}

  private ImageStore(Path directory) {
    this.directory = directory;
    this.layersDirectory = directory.resolve("layers");
    this.imagesDirectory = directory.resolve("images");
    this.namesFile = directory.resolve("names.json");
    this.files = new LayerFiles(layersDirectory);
  }

  /** Opens the store in this directory, made if absent; removes what a crash left. */
  public static ImageStore open(Path directory) throws ImageException {
    ImageStore store = new ImageStore(directory);
    try {
      Files.createDirectories(store.layersDirectory);
      Files.createDirectories(store.imagesDirectory);
      AtomicFile.removeTemporaries(directory);
      AtomicFile.removeTemporaries(store.layersDirectory);
      AtomicFile.removeTemporaries(store.imagesDirectory);
      store.load();
      store.files.deleteUnused(store.layersOfImages());
    } catch (IOException e) {
      throw StoreErrors.explain("cannot open the image store", directory, e);
    }
    return store;
  }

  private void load() throws IOException, ImageException {
    try (var found = Files.newDirectoryStream(imagesDirectory, "*.json")) {
      for (Path file : found) {
        loadImage(file);
      }
    }
    if (Files.exists(namesFile)) {
      NameTable table = JSON.readValue(Files.readAllBytes(namesFile), NameTable.class);
      checkVersion(table.version(), NameTable.VERSION, namesFile);
      names.putAll(table.names());
    }
    names.values().removeIf(id -> !images.containsKey(id));
    for (String unnamed : images.keySet().stream().filter(id -> !names.containsValue(id)).toList()) {
      Files.deleteIfExists(imageFile(unnamed));
      images.remove(unnamed);
    }
  }

  private void loadImage(Path file) throws IOException, ImageException {
    try {
      ImageRecord record = JSON.readValue(Files.readAllBytes(file), ImageRecord.class);
      checkVersion(record.version(), ImageRecord.VERSION, file);
      byte[] config = record.config().getBytes(StandardCharsets.UTF_8);
      if (!Digest.parse(record.id()).equals(Digest.sha256(config))) {
        throw new ImageException.Corrupt("its config has another digest than its id", null);
      }
      Entry entry = new Entry(record, ConfigDocument.parse(config));
      images.put(record.id(), entry);
      if (!isComplete(entry)) {
        LOG.warn("image {} lacks a layer file: it is hidden until it is pulled again", record.id());
      }
    } catch (JacksonException | ImageException.Corrupt | IllegalArgumentException e) {
      LOG.warn("dropping the unreadable image record {}: {}", file, e.getMessage());
      Files.deleteIfExists(file);
    }
  }

  private static void checkVersion(int version, int known, Path file) throws ImageException {
    if (version > known) {
      throw new ImageException.StoreFailed(file + " was written by a newer version (" + version
          + "): run that one, or remove the image store and pull again", null);
    }
  }

  /** File of a layer that is present. */
  public Optional<Path> layerFile(Digest diffId) {
    Path file = files.file(diffId);
    return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
  }

  /** A fresh file to write a layer to, to be given to {@link #publishLayer} or deleted. */
  public Path newTemporaryFile() throws IOException {
    return Files.createTempFile(layersDirectory, AtomicFile.TEMPORARY_PREFIX, "");
  }

  /** Makes a finished layer, already forced to disk, the layer of this diff id. */
  public void publishLayer(Path temporary, Digest diffId) throws IOException {
    AtomicFile.publish(temporary, files.file(diffId));
  }

  /** Keeps these layers' files, present or to come, until the hold is closed. */
  public Hold hold(Collection<Digest> diffIds) {
    List<Digest> held = List.copyOf(diffIds);
    lock.lock();
    try {
      files.hold(held);
    } finally {
      lock.unlock();
    }
    AtomicBoolean closed = new AtomicBoolean();
    return () -> {
      if (closed.compareAndSet(false, true)) {
        release(held);
      }
    };
  }

  /** Something kept until closed; closing twice is closing once. */
  public interface Hold extends AutoCloseable {
    @Override
    void close();
  }

  private void release(List<Digest> held) {
    lock.lock();
    try {
      files.release(held);
      files.deleteUnused(layersOfImages());
    } catch (IOException e) {
      LOG.warn("cannot delete unused layers in {} (tried again at the next start): {}", layersDirectory, e.toString());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Adds an image whose layers are all present and held, and gives it these names, which may be another's until now.
   */
  public Image put(Digest id, String config, List<Digest> diffIds, long sizeBytes, boolean pinned, Collection<String> newNames)
      throws ImageException {
    lock.lock();
    try {
      List<ImageRecord.LayerRecord> layers = new ArrayList<>();
      for (Digest diffId : diffIds) {
        layers.add(new ImageRecord.LayerRecord(diffId.toString(), Files.size(files.file(diffId))));
      }
      Entry old = images.get(id.toString());
      boolean staysPinned = pinned || (old != null && old.record().pinned());
      ImageRecord record = new ImageRecord(ImageRecord.VERSION, id.toString(), config, layers, sizeBytes, staysPinned);
      Entry entry = new Entry(record, ConfigDocument.parse(config.getBytes(StandardCharsets.UTF_8)));
      if (old == null || !old.record().equals(record)) {
        AtomicFile.write(imageFile(id.toString()), JSON.writeValueAsBytes(record));
      }
      images.put(id.toString(), entry);
      Map<String, String> changed = new TreeMap<>(names);
      newNames.forEach(name -> changed.put(name, id.toString()));
      writeNames(changed);
      return view(entry);
    } catch (IOException e) {
      throw StoreErrors.explain("cannot record image " + id, directory, e);
    } finally {
      lock.unlock();
    }
  }

  private void writeNames(Map<String, String> changed) throws IOException {
    if (!changed.equals(names)) {
      AtomicFile.write(namesFile, JSON.writeValueAsBytes(new NameTable(NameTable.VERSION, changed)));
      names.clear();
      names.putAll(changed);
    }
  }

  /** The image with this exact name. */
  public Optional<Image> byName(String name) {
    lock.lock();
    try {
      return Optional.ofNullable(names.get(name)).map(images::get).filter(this::isComplete).map(this::view);
    } finally {
      lock.unlock();
    }
  }

  /** The image whose id starts so, after {@code sha256:}; empty if there is none or more than one. */
  public Optional<Image> byIdPrefix(String hexPrefix) {
    lock.lock();
    try {
      List<Entry> found = images.values().stream()
          .filter(entry -> Digest.parse(entry.record().id()).hex().startsWith(hexPrefix))
          .filter(this::isComplete)
          .limit(2)
          .toList();
      return found.size() == 1 ? Optional.of(view(found.getFirst())) : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  public List<Image> list() {
    lock.lock();
    try {
      return images.values().stream().filter(this::isComplete).map(this::view).toList();
    } finally {
      lock.unlock();
    }
  }

  /** Removes an image, its names, and its layers that nothing else needs. */
  public void remove(String id) throws ImageException {
    lock.lock();
    try {
      Map<String, String> left = new TreeMap<>(names);
      left.values().removeIf(id::equals);
      writeNames(left);
      if (images.containsKey(id)) {
        Files.deleteIfExists(imageFile(id));
        AtomicFile.forceDirectory(imagesDirectory);
        images.remove(id);
      }
      files.deleteUnused(layersOfImages());
    } catch (IOException e) {
      throw StoreErrors.explain("cannot remove image " + id, directory, e);
    } finally {
      lock.unlock();
    }
  }

  /** Keeps an image's layers; fails if it was removed meanwhile. */
  public ImageService.LayerLease lease(Image image) throws ImageException {
    Hold hold = hold(image.layers().stream().map(layer -> Digest.parse(layer.diffId())).toList());
    for (Image.Layer layer : image.layers()) {
      if (!Files.isRegularFile(layer.file())) {
        hold.close();
        throw new ImageException.NotFound("image " + image.id() + " is no longer present: pull it again", null);
      }
    }
    return new ImageService.LayerLease() {
      @Override
      public List<Image.Layer> layers() {
        return image.layers();
      }

      @Override
      public void close() {
        hold.close();
      }
    };
  }

  /** Space that all files take; what pulls and removals change meanwhile may be counted or not. */
  public ImageService.Usage usage() throws ImageException {
    long[] found = new long[2];
    try {
      Files.walkFileTree(directory, new SimpleFileVisitor<>() {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
          found[0] += attributes.size();
          found[1]++;
          return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
          if (e instanceof NoSuchFileException) {
            return FileVisitResult.CONTINUE;
          }
          throw e;
        }
      });
    } catch (IOException e) {
      throw new ImageException.StoreFailed("cannot measure " + directory + ": " + e.getMessage(), e);
    }
    return new ImageService.Usage(directory, found[0], found[1]);
  }

  private Path imageFile(String id) {
    return imagesDirectory.resolve(Digest.parse(id).fileName() + ".json");
  }

  private boolean isComplete(Entry entry) {
    return entry.record().layers().stream().allMatch(layer -> {
      try {
        return Files.size(files.file(Digest.parse(layer.diffId()))) == layer.fileBytes();
      } catch (IOException e) {
        return false;
      }
    });
  }

  private Set<Digest> layersOfImages() {
    Set<Digest> used = new HashSet<>();
    images.values().forEach(entry -> entry.record().layers().forEach(layer -> used.add(Digest.parse(layer.diffId()))));
    return used;
  }

  private Image view(Entry entry) {
    List<String> tags = new ArrayList<>();
    List<String> digests = new ArrayList<>();
    names.forEach((name, id) -> {
      if (id.equals(entry.record().id())) {
        (name.indexOf('@') >= 0 ? digests : tags).add(name);
      }
    });
    List<Image.Layer> layers = entry.record().layers().stream()
        .map(layer -> new Image.Layer(layer.diffId(), files.file(Digest.parse(layer.diffId())), layer.fileBytes()))
        .toList();
    ImageRecord record = entry.record();
    return new Image(record.id(), List.copyOf(tags), List.copyOf(digests), record.sizeBytes(), entry.config().config(),
        layers, record.pinned());
  }
}
