package dev.izolo.image;

import dev.izolo.image.layer.LayerConverter;
import dev.izolo.image.layer.LayerTooLargeException;
import dev.izolo.image.oci.BlobReadException;
import dev.izolo.image.oci.BlobSource;
import dev.izolo.image.oci.ResolvedImage;
import dev.izolo.image.erofs.ImageTooLargeException;
import dev.izolo.image.store.ImageStore;
import dev.izolo.image.store.StoreErrors;
import dev.izolo.image.tar.TarFormatException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;

/** Gets the layers that are missing: each once, whoever wants it, some at a time, straight into the store's form. */
final class LayerFetcher {
  private final ImageStore store;
  private final LayerConverter converter;
  private final Path directory;
  private final long minFreeBytes;
  private final Semaphore slots;
  private final SingleFlight<Digest, Digest> flights = new SingleFlight<>();

  LayerFetcher(ImageStore store, Path directory, ImageSettings settings) {
    this.store = store;
    this.directory = directory;
    this.converter = new LayerConverter(settings.limits());
    this.minFreeBytes = settings.limits().minFreeBytes();
    this.slots = new Semaphore(settings.maxConcurrentDownloads(), true);
  }

  /** Returns when all layers are present; the first failure stops the others. */
  void fetch(ResolvedImage image, BlobSource source) throws ImageException, InterruptedException {
    Map<Digest, ResolvedImage.Layer> missing = new LinkedHashMap<>();
    for (ResolvedImage.Layer layer : image.layers()) {
      if (store.layerFile(layer.diffId()).isEmpty()) {
        missing.put(layer.diffId(), layer);
      }
    }
    if (missing.isEmpty()) {
      return;
    }
    checkRoom(missing.values().stream().mapToLong(layer -> layer.blob().size()).sum());
    List<ResolvedImage.Layer> todo = new ArrayList<>(missing.values());
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    try {
      ExecutorCompletionService<Digest> running = new ExecutorCompletionService<>(threads);
      todo.forEach(layer -> running.submit(() -> fetchOnce(layer, source)));
      for (int i = 0; i < todo.size(); i++) {
        running.take().get();
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case ImageException failure -> throw failure;
        case RuntimeException bug -> throw bug;
        case Error error -> throw error;
        case Throwable other -> throw new IllegalStateException(other);
      }
    } finally {
      threads.shutdownNow();
      threads.close();
    }
  }

  /** A compressed layer never takes less room unpacked, so what cannot fit is not even begun. */
  private void checkRoom(long bytes) throws ImageException {
    try {
      long free = Files.getFileStore(directory).getUsableSpace();
      if (bytes > free - minFreeBytes) {
        throw new ImageException.NoSpace("no space left in " + directory + ": the image needs at least " + bytes
            + " bytes, " + free + " are free, of which " + minFreeBytes + " are to stay so: remove images or enlarge the"
            + " disk", null);
      }
    } catch (IOException e) {
      throw StoreErrors.explain("cannot measure the free space", directory, e);
    }
  }

  private Digest fetchOnce(ResolvedImage.Layer layer, BlobSource source) throws ImageException, InterruptedException {
    boolean[] own = new boolean[1];
    SingleFlight.Work<Digest> work = () -> {
      own[0] = true;
      if (store.layerFile(layer.diffId()).isEmpty()) {
        unpack(layer, source);
      }
      return layer.diffId();
    };
    try {
      return flights.run(layer.diffId(), work);
    } catch (ImageException e) {
      if (own[0]) {
        throw e;
      }
      // Another pull's source or credentials failed; that says nothing of this one's.
      return flights.run(layer.diffId(), work);
    }
  }

  private void unpack(ResolvedImage.Layer layer, BlobSource source) throws ImageException, InterruptedException {
    slots.acquire();
    Path temporary = null;
    try {
      temporary = store.newTemporaryFile();
      FileStore room = Files.getFileStore(directory);
      try (InputStream blob = source.blob(layer.blob());
          FileChannel file = FileChannel.open(temporary, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        converter.convert(blob, layer.diffId(), file, room);
      }
      store.publishLayer(temporary, layer.diffId());
    } catch (IOException e) {
      throw explain(layer, e);
    } finally {
      slots.release();
      delete(temporary);
    }
  }

  private ImageException explain(ResolvedImage.Layer layer, IOException e) throws InterruptedException {
    String which = "layer " + layer.blob().digest();
    return switch (e) {
      case BlobReadException source -> source.failure();
      case ClosedByInterruptException _ -> throw new InterruptedException("interrupted while unpacking " + which);
      case TarFormatException bad -> new ImageException.Corrupt(which + ": " + bad.getMessage(), bad);
      case EOFException shortened -> new ImageException.Corrupt(which + ": " + shortened.getMessage(), shortened);
      case LayerTooLargeException large ->
          new ImageException.NoSpace(which + " in " + directory + ": " + large.getMessage(), large);
      case ImageTooLargeException large -> new ImageException.NoSpace(which + ": " + large.getMessage(), large);
      default -> StoreErrors.explain("cannot unpack " + which + " (" + layer.blob().size() + " bytes packed)", directory, e);
    };
  }

  private static void delete(Path temporary) throws ImageException {
    if (temporary != null) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        throw new ImageException.StoreFailed("cannot delete " + temporary + ": " + e.getMessage(), e);
      }
    }
  }
}
