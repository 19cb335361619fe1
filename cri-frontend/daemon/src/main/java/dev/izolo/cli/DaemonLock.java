package dev.izolo.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The right to use one state directory, held as long as the daemon lives. */
final class DaemonLock implements AutoCloseable {
  private final FileChannel file;

  private DaemonLock(FileChannel file) {
    this.file = file;
  }

  static DaemonLock take(Path stateDir) throws IOException {
    FileChannel file =
        FileChannel.open(stateDir.resolve("daemon.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (file.tryLock() != null) {
        return new DaemonLock(file);
      }
    } catch (OverlappingFileLockException e) {
      file.close();
      throw taken(stateDir, e);
    }
    file.close();
    throw taken(stateDir, null);
  }

  private static IOException taken(Path stateDir, Exception cause) {
    return new IOException(
        "another daemon is using " + stateDir + "; stop it, or choose another state_dir", cause);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
