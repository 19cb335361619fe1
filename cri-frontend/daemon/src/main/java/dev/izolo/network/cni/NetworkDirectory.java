package dev.izolo.network.cni;

import dev.izolo.network.cni.CniException.BadConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The directory of network configurations, where the first file in lexicographic order is the pods' network, as for
 * other runtimes. Looked at anew at every use, so that a network installed or changed later needs no restart; a file
 * that has not changed is not parsed again. A broken first file is an error, never a reason to take the second: pods
 * would silently land on another network. Safe for concurrent use.
 */
public final class NetworkDirectory {
  private static final long MAX_FILE_BYTES = 1 << 20;

  private record Stamp(Path file, FileTime modified, long size, Object key) {}

  private record Parsed(Stamp stamp, NetworkList list) {}

  private final Path directory;
  private volatile Parsed last;

  public NetworkDirectory(Path directory) {
    this.directory = directory;
  }

  public Path path() {
    return directory;
  }

  /** The pods' network, or nothing if the directory has no configuration file or does not exist. */
  public Optional<NetworkList> current() throws BadConfiguration {
    try {
      Optional<Path> first = first();
      if (first.isEmpty()) {
        return Optional.empty();
      }
      Path file = first.get();
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      if (attributes.size() > MAX_FILE_BYTES) {
        throw new BadConfiguration("CNI configuration %s: larger than %d bytes".formatted(file, MAX_FILE_BYTES));
      }
      Stamp stamp = new Stamp(file, attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
      Parsed known = last;
      if (known != null && known.stamp.equals(stamp)) {
        return Optional.of(known.list);
      }
      byte[] bytes = Files.readAllBytes(file);
      NetworkList list = file.toString().endsWith(".conflist")
          ? NetworkListParser.parseList(file.toString(), bytes)
          : NetworkListParser.parseSingle(file.toString(), bytes);
      last = new Parsed(stamp, list);
      return Optional.of(list);
    } catch (IOException e) {
      throw new BadConfiguration("cannot read CNI configuration in %s: %s".formatted(directory, e.getMessage()), e);
    }
  }

  private Optional<Path> first() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> List.of(".conflist", ".conf", ".json").stream().anyMatch(file.toString()::endsWith))
          .filter(Files::isRegularFile)
          .min((a, b) -> a.getFileName().toString().compareTo(b.getFileName().toString()));
    } catch (NoSuchFileException | NotDirectoryException absent) {
      return Optional.empty();
    }
  }
}
