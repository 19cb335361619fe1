package dev.izolo.stream;

import dev.izolo.stream.OffsetFile.Offsets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * A container's log and how far each stream is in it. Both pumps of a container write here. What
 * {@link #append} has returned from is kept: a restart resumes at {@link #offset}, found from the offset file and the
 * entries behind the size it names. Without a log path, output is counted and dropped. Safe for use by several threads.
 *
 * <p>The JDK closes a file's channel when a thread that uses it is interrupted, so nothing here runs on a thread that
 * may be: pumps are ended by cancelling their call, and {@link #reopen} has a thread of its own.
 */
public final class ContainerLog implements AutoCloseable {
  private final Optional<Target> target;
  private final OffsetFile offsetFile;
  private Optional<LogFile> file;
  private Offsets offsets;

  /** Where the log goes. */
  private record Target(Path directory, Path file) {}

  private ContainerLog(Optional<Target> target, OffsetFile offsetFile) throws IOException {
    this.target = target;
    this.offsetFile = offsetFile;
    this.offsets = offsetFile.load();
    this.file = openFile();
  }

  /**
   * Opens the log, creating it if need be, and finds where it ends.
   *
   * @param logDirectory the sandbox's, or empty
   * @param logPath the container's, relative to it, or empty; if either is empty nothing is kept
   * @throws IllegalArgumentException if the path leaves the directory
   */
  public static ContainerLog open(String logDirectory, String logPath, Path offsetFile) throws IOException {
    Optional<Target> target =
        resolve(logDirectory, logPath).map(file -> new Target(Path.of(logDirectory).normalize(), file));
    var offsets = new OffsetFile(offsetFile);
    try {
      return new ContainerLog(target, offsets);
    } catch (IOException | RuntimeException e) {
      offsets.close();
      throw e;
    }
  }

  /** Where the log would be; empty if the container has none. */
  public static Optional<Path> resolve(String logDirectory, String logPath) {
    return logDirectory.isEmpty() || logPath.isEmpty()
        ? Optional.empty()
        : Optional.of(LogFile.resolve(Path.of(logDirectory), logPath));
  }

  private Optional<LogFile> openFile() throws IOException {
    if (target.isEmpty()) {
      return Optional.empty();
    }
    LogFile opened = LogFile.open(target.get().directory, target.get().file);
    try {
      if (opened.identity() == offsets.logIdentity() && opened.size() >= offsets.logSize()) {
        // Entries that a former daemon wrote and had no time to note.
        LogTail tail = opened.tailFrom(offsets.logSize());
        opened.truncate(tail.completeEnd());
        offsets =
            new Offsets(
                opened.identity(), opened.size(), offsets.stdout() + tail.stdoutBytes(), offsets.stderr() + tail.stderrBytes());
      } else {
        LogTail whole = opened.tailFrom(0);
        if (whole.completeEnd() < opened.size()) {
          // Somebody else's unfinished line: ours start on a line of their own.
          opened.append(new byte[] {'\n'});
        }
        offsets = offsets.at(opened.identity(), opened.size());
      }
      offsetFile.store(offsets);
      return Optional.of(opened);
    } catch (IOException | RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  /** Offset in the raw stream behind the last byte that is kept. */
  public synchronized long offset(StdStream stream) {
    return offsets.of(stream);
  }

  /**
   * Appends whole entries.
   *
   * @param offset what {@link #offset} is to be afterwards
   * @throws IOException if they cannot be written; nothing of them is in the log then
   */
  synchronized void append(StdStream stream, byte[] entries, long offset) throws IOException {
    if (file.isPresent()) {
      LogFile log = file.get();
      log.append(entries);
      offsets = offsets.with(stream, offset).at(log.identity(), log.size());
    } else {
      offsets = offsets.with(stream, offset);
    }
    offsetFile.store(offsets);
  }

  /** The file was renamed by the kubelet's log rotation: goes on in a new one of the old name. */
  public void reopen() throws IOException, InterruptedException {
    var task = new FutureTask<Void>(this::replaceFile);
    Thread.ofVirtual().name("log-reopen").start(task);
    try {
      task.get();
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e.getCause());
    }
  }

  private synchronized Void replaceFile() throws IOException {
    Optional<LogFile> old = file;
    file = openFile();
    if (old.isPresent()) {
      old.get().close();
    }
    return null;
  }

  @Override
  public synchronized void close() throws IOException {
    try (offsetFile) {
      if (file.isPresent()) {
        file.get().close();
      }
    }
  }
}
