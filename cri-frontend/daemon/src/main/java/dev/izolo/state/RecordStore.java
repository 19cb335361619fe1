package dev.izolo.state;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records on disk: {@code sandboxes/ID/sandbox.json}, {@code sandboxes/ID/containers/ID/container.json}, each with what
 * belongs to it beside it. A write has reached the disk when {@code save} returns (sync, rename, sync of the directory),
 * and is not torn by an interrupt: it runs on a thread of its own. Safe for concurrent use, except for one record at a time.
 */
public final class RecordStore {
  private static final Logger log = LoggerFactory.getLogger(RecordStore.class);
  private static final long MAX_RECORD = 32L << 20;
  private static final String SANDBOX = "sandbox.json";
  private static final String CONTAINER = "container.json";
  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x"));

  private final Path root;
  private final ObjectMapper json =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES).build();

  /** @param stateDir made if absent; records go to {@code sandboxes} in it */
  public RecordStore(Path stateDir) throws IOException {
    root = stateDir.resolve("sandboxes");
    Files.createDirectories(root, PRIVATE);
  }

  /** What could be read at start. */
  public record Loaded(SandboxRecord sandbox, List<ContainerRecord> containers) {}

  public Path sandboxDirectory(String sandboxId) {
    return root.resolve(checked(sandboxId));
  }

  public Path containerDirectory(String sandboxId, String containerId) {
    return sandboxDirectory(sandboxId).resolve("containers").resolve(checked(containerId));
  }

  private static String checked(String id) {
    if (!Ids.isValid(id)) {
      throw new IllegalArgumentException("not an id: " + id);
    }
    return id;
  }

  public void save(SandboxRecord record) throws CriException {
    Path directory = sandboxDirectory(record.id());
    write(directory, SANDBOX, record, true);
  }

  /**
   * Writes so that it survives the daemon, but maybe not the host: enough for what ends with the host, as VMs, cgroups
   * and network namespaces do, and milliseconds cheaper.
   */
  public void note(SandboxRecord record) throws CriException {
    write(sandboxDirectory(record.id()), SANDBOX, record, false);
  }

  public void save(ContainerRecord record) throws CriException {
    write(containerDirectory(record.sandboxId(), record.id()), CONTAINER, record, true);
  }

  public void deleteSandbox(String id) throws CriException {
    deleteTree(sandboxDirectory(id), SANDBOX);
  }

  public void deleteContainer(String sandboxId, String id) throws CriException {
    deleteTree(containerDirectory(sandboxId, id), CONTAINER);
  }

  /**
   * Everything on disk. A directory without a record, or with an empty one, is what a write that never finished or that
   * the host's end has cut off left, and is deleted; a record
   * that cannot be read is set aside under another name, with a loud line in the log, and holds nothing up.
   */
  public List<Loaded> load() throws CriException {
    var all = new ArrayList<Loaded>();
    for (Path directory : children(root)) {
      if (!Ids.isValid(directory.getFileName().toString())) {
        log.warn("{} is not a sandbox's directory: left alone", directory);
        continue;
      }
      Optional<SandboxRecord> sandbox = read(directory, SANDBOX, SandboxRecord.class);
      if (sandbox.isEmpty()) {
        continue;
      }
      var containers = new ArrayList<ContainerRecord>();
      for (Path container : children(directory.resolve("containers"))) {
        if (!Ids.isValid(container.getFileName().toString())) {
          log.warn("{} is not a container's directory: left alone", container);
          continue;
        }
        read(container, CONTAINER, ContainerRecord.class).ifPresent(containers::add);
      }
      all.add(new Loaded(sandbox.get(), containers));
    }
    return all;
  }

  private static List<Path> children(Path directory) throws CriException {
    var found = new ArrayList<Path>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
      stream.forEach(found::add);
      return found;
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new CriException.Internal("cannot read the records in " + directory + ": " + e, e);
    }
  }

  private <T> Optional<T> read(Path directory, String name, Class<T> type) throws CriException {
    Path file = directory.resolve(name);
    try {
      if (Files.notExists(file) || Files.size(file) == 0) {
        deleteTree(directory, name);
        return Optional.empty();
      }
      if (Files.size(file) > MAX_RECORD) {
        throw new IOException("larger than any record: " + Files.size(file) + " bytes");
      }
      var tree = json.readTree(Files.readAllBytes(file));
      int version = tree.path("version").asInt(-1);
      if (version != SandboxRecord.VERSION) {
        throw new IOException("version " + version + ", this daemon knows " + SandboxRecord.VERSION);
      }
      T record = json.treeToValue(tree, type);
      return Optional.of(record);
    } catch (IOException | IllegalArgumentException e) {
      log.error("record {} cannot be read and is set aside: what it describes must be cleaned up by hand", file, e);
      try {
        Files.move(file, directory.resolveSibling("unreadable-" + directory.getFileName() + "-" + name),
            StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException f) {
        throw new CriException.Internal("cannot set aside the unreadable record " + file + ": " + f, f);
      }
      return Optional.empty();
    }
  }

  private void write(Path directory, String name, Object record, boolean durably) throws CriException {
    byte[] bytes;
    try {
      bytes = json.writeValueAsBytes(record);
    } catch (JsonProcessingException e) {
      throw new CriException.Internal("cannot encode the record " + directory.resolve(name), e);
    }
    onOwnThread(
        "write the record " + directory.resolve(name),
        () -> {
          Files.createDirectories(directory, PRIVATE);
          Path temporary = directory.resolve(name + ".new");
          try (FileChannel file =
              FileChannel.open(
                  temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            var buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
              file.write(buffer);
            }
            if (durably) {
              file.force(true);
            }
          }
          Files.move(temporary, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
          if (durably) {
            sync(directory);
            sync(directory.getParent());
          }
          return null;
        });
  }

  /** The record goes first: what is left of a deletion that a crash cut short is a directory without one. */
  private void deleteTree(Path directory, String record) throws CriException {
    onOwnThread(
        "delete " + directory,
        () -> {
          if (Files.notExists(directory)) {
            return null;
          }
          if (Files.deleteIfExists(directory.resolve(record))) {
            sync(directory);
          }
          try (Stream<Path> walk = Files.walk(directory)) {
            for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
              Files.deleteIfExists(path);
            }
          }
          return null;
        });
  }

  private static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void onOwnThread(String what, Callable<Void> work) throws CriException {
    var task = new FutureTask<>(work);
    Thread.ofVirtual().name("record").start(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          task.get();
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw new CriException.Internal("cannot " + what + ": " + e.getCause(), e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
