package dev.izolo.cri;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to bind one socket path: a lock beside it, held as long as the daemon lives, and a path that is free. A
 * socket left by a daemon that died is removed; one that somebody answers on is not.
 */
final class CriSocket implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CriSocket.class);

  private final Path path;
  private final FileChannel lockFile;

  private CriSocket(Path path, FileChannel lockFile) {
    this.path = path;
    this.lockFile = lockFile;
  }

  static CriSocket claim(Path path) throws IOException {
    Path directory = path.getParent();
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(
          directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    }
    FileChannel lockFile = FileChannel.open(
        path.resolveSibling(path.getFileName() + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (lock(lockFile) == null || answers(path)) {
        throw new IOException("another daemon is serving at " + path + "; stop it, or choose another --listen");
      }
      if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        removeStale(path);
      }
      return new CriSocket(path, lockFile);
    } catch (IOException e) {
      lockFile.close();
      throw e;
    }
  }

  private static FileLock lock(FileChannel file) throws IOException {
    try {
      return file.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private static boolean answers(Path path) {
    try (var probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return probe.connect(UnixDomainSocketAddress.of(path));
    } catch (IOException e) {
      log.debug("nobody answers at {}: {}", path, e.getMessage());
      return false;
    }
  }

  private static void removeStale(Path path) throws IOException {
    var attributes = Files.readAttributes(path, BasicFileAttributes.class,
        LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isOther()) {
      throw new IOException(path + " exists and is no socket; remove it, or choose another --listen");
    }
    Files.delete(path);
    log.info("removed the socket {} of a daemon that is gone", path);
  }

  /** Removes the socket and gives up the lock. The lock's file stays: removing it would let two claim it. */
  @Override
  public void close() {
    try (lockFile) {
      if (lockFile.isOpen()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      log.warn("cannot remove {}: {}", path, e.getMessage());
    }
  }
}
