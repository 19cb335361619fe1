package dev.izolo.cli;

import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY;
import static java.nio.file.StandardWatchEventKinds.OVERFLOW;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;

/** Feeds a growing container log to a parser until it is told that nothing more will come. */
final class LogFollower implements AutoCloseable {
  private final Path log;
  private final CriLogParser parser;
  private final WatchService watch;

  /** Watches from now on; the log's directory must be there, the log need not. */
  LogFollower(Path log, CriLogParser parser) throws IOException {
    this.log = log;
    this.parser = parser;
    this.watch = log.getFileSystem().newWatchService();
    log.getParent().register(watch, ENTRY_CREATE, ENTRY_MODIFY, OVERFLOW);
  }

  /** Reads until {@link #end} is called and all that was written by then has been parsed. */
  void follow() throws IOException, InterruptedException {
    FileChannel file = null;
    var buffer = ByteBuffer.allocate(64 * 1024);
    try {
      boolean more = true;
      while (true) {
        if (file == null && Files.exists(log)) {
          file = FileChannel.open(log);
        }
        while (file != null && file.read(buffer) > 0) {
          parser.accept(buffer.array(), buffer.position());
          buffer.clear();
        }
        if (!more) {
          return;
        }
        more = waitForChange();
      }
    } finally {
      if (file != null) {
        file.close();
      }
    }
  }

  /** The log is complete. */
  void end() throws IOException {
    watch.close();
  }

  @Override
  public void close() throws IOException {
    watch.close();
  }

  private boolean waitForChange() throws InterruptedException {
    try {
      WatchKey key = watch.take();
      key.pollEvents();
      return key.reset();
    } catch (ClosedWatchServiceException e) {
      return false;
    }
  }
}
