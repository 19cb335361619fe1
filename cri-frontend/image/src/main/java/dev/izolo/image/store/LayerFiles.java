package dev.izolo.image.store;

import dev.izolo.image.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Layer files and who holds them. Not thread-safe: the store's lock guards it. */
final class LayerFiles {
  private static final String SUFFIX = ".erofs";

  private final Path directory;
  private final Map<Digest, Integer> holders = new HashMap<>();

  LayerFiles(Path directory) {
    this.directory = directory;
  }

  Path file(Digest diffId) {
    return directory.resolve(diffId.fileName() + SUFFIX);
  }

  void hold(Iterable<Digest> diffIds) {
    diffIds.forEach(diffId -> holders.merge(diffId, 1, Integer::sum));
  }

  void release(Iterable<Digest> diffIds) {
    diffIds.forEach(diffId -> holders.compute(diffId, (_, count) -> count == null || count == 1 ? null : count - 1));
  }

  /** Deletes every file that is in none of these images and held by nobody. */
  void deleteUnused(Set<Digest> inImages) throws IOException {
    try (var files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
      for (Path file : files) {
        Optional<Digest> diffId = diffId(file);
        if (diffId.isPresent() && !inImages.contains(diffId.get()) && !holders.containsKey(diffId.get())) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private static Optional<Digest> diffId(Path file) {
    String name = file.getFileName().toString();
    return Digest.tryParse(name.substring(0, name.length() - SUFFIX.length()).replaceFirst("-", ":"));
  }
}
