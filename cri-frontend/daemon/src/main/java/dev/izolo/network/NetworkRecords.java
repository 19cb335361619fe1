package dev.izolo.network;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The records of all sandboxes' networks, one file each. */
final class NetworkRecords {
  private static final Pattern ID = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
  private static final String SUFFIX = ".json";
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private final Path directory;

  NetworkRecords(Path directory) {
    this.directory = directory;
  }

  /** A record that is there but cannot be used; the message names the file. */
  static final class Damaged extends IOException {
    private static final long serialVersionUID = 1;

    Damaged(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * @throws IllegalArgumentException if the id is not one: it becomes part of file and namespace names
   */
  static String requireId(String sandboxId) {
    if (!ID.matcher(sandboxId).matches()) {
      throw new IllegalArgumentException("a sandbox id must match " + ID.pattern());
    }
    return sandboxId;
  }

  Optional<NetworkRecord> read(String sandboxId) throws IOException {
    Path file = file(sandboxId);
    try {
      NetworkRecord record = MAPPER.readValue(Files.readAllBytes(file), NetworkRecord.class);
      if (record.version() != NetworkRecord.VERSION || !sandboxId.equals(record.sandboxId())) {
        throw new Damaged("%s is of version %d, for sandbox '%s'".formatted(file, record.version(), record.sandboxId()),
            null);
      }
      return Optional.of(record);
    } catch (NoSuchFileException absent) {
      return Optional.empty();
    } catch (JacksonException e) {
      throw new Damaged("%s is damaged: %s".formatted(file, e.getOriginalMessage()), e);
    }
  }

  /** Replaces the record atomically, so that it survives the daemon: enough where the effect does not survive the host. */
  void write(NetworkRecord record) throws IOException {
    replace(record, false);
  }

  /** Replaces the record so that it survives the host: an address lease does. Waits for the disk. */
  void writeDurably(NetworkRecord record) throws IOException {
    replace(record, true);
  }

  private void replace(NetworkRecord record, boolean durably) throws IOException {
    Path file = file(record.sandboxId());
    Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try (FileChannel channel =
        FileChannel.open(
            fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(MAPPER.writeValueAsBytes(record));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      if (durably) {
        channel.force(true);
      }
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    if (durably) {
      syncDirectory();
    }
  }

  /** One that comes back when the host dies right after is released once more, which does no harm. */
  void delete(String sandboxId) throws IOException {
    Files.deleteIfExists(directory.resolve(requireId(sandboxId) + SUFFIX + ".new"));
    Files.deleteIfExists(file(sandboxId));
  }

  List<String> ids() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(SUFFIX))
          .map(name -> name.substring(0, name.length() - SUFFIX.length()))
          .filter(id -> ID.matcher(id).matches())
          .sorted()
          .toList();
    } catch (NoSuchFileException none) {
      return List.of();
    }
  }

  private Path file(String sandboxId) {
    return directory.resolve(requireId(sandboxId) + SUFFIX);
  }

  /** A rename is durable once its directory is. */
  private void syncDirectory() throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
