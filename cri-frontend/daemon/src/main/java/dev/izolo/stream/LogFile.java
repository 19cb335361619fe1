package dev.izolo.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * The open log file of a container: created 0640 beneath the sandbox's log directory, a regular file with one name.
 * Symbolic links beneath that directory are refused, and so are FIFOs, devices and hard links: a log path must not make
 * the daemon write somewhere else (CVE-2015-5237 and its kin).
 */
final class LogFile implements AutoCloseable {
  private final Path path;
  private final FileChannel channel;
  private final long identity;
  private long size;

  private LogFile(Path path, FileChannel channel, long identity, long size) {
    this.path = path;
    this.channel = channel;
    this.identity = identity;
    this.size = size;
  }

  /**
   * Where a log goes: {@code logPath} beneath {@code logDirectory}.
   *
   * @throws IllegalArgumentException if it would leave the directory
   */
  static Path resolve(Path logDirectory, String logPath) {
    if (!logDirectory.isAbsolute()) {
      throw new IllegalArgumentException("log_directory \"" + logDirectory + "\" is not an absolute path");
    }
    for (Path part : Path.of(logPath)) {
      if (part.toString().equals("..")) {
        throw new IllegalArgumentException("log_path \"" + logPath + "\" contains \"..\"");
      }
    }
    Path base = logDirectory.normalize();
    Path file = base.resolve(logPath.replaceFirst("^/+", "")).normalize();
    if (!file.startsWith(base) || file.equals(base)) {
      throw new IllegalArgumentException("log_path \"" + logPath + "\" is not a file beneath " + base);
    }
    return file;
  }

  static LogFile open(Path logDirectory, Path file) throws IOException {
    makeDirectories(logDirectory, file.getParent());
    checkRegular(file);
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----")));
    try {
      return new LogFile(file, channel, checkRegular(file), channel.size());
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static void makeDirectories(Path base, Path parent) throws IOException {
    Files.createDirectories(base);
    Path at = base.normalize();
    for (Path part : at.relativize(parent)) {
      at = at.resolve(part);
      if (part.toString().isEmpty()) {
        continue;
      }
      if (Files.isSymbolicLink(at)) {
        throw new FileSystemException(at.toString(), null, "a log's directory must not be a symbolic link");
      }
      if (!Files.isDirectory(at, LinkOption.NOFOLLOW_LINKS)) {
        Files.createDirectory(at);
      }
    }
  }

  private static long checkRegular(Path file) throws IOException {
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      return 0;
    }
    if (!attributes.isRegularFile()) {
      throw new FileSystemException(file.toString(), null, "a container's log must be a regular file");
    }
    if ((int) Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS) != 1) {
      throw new FileSystemException(file.toString(), null, "a container's log must not have a second hard link");
    }
    var crc = new CRC32C();
    byte[] key = String.valueOf(attributes.fileKey()).getBytes(StandardCharsets.UTF_8);
    crc.update(key, 0, key.length);
    return crc.getValue() + 1;
  }

  long identity() {
    return identity;
  }

  long size() {
    return size;
  }

  Path path() {
    return path;
  }

  LogTail tailFrom(long position) throws IOException {
    return LogTail.read(channel, position);
  }

  void truncate(long to) throws IOException {
    channel.truncate(to);
    size = to;
  }

  /** Appends all of it, or, on an error, nothing. */
  void append(byte[] entries) throws IOException {
    var buffer = ByteBuffer.wrap(entries);
    long at = size;
    try {
      while (buffer.hasRemaining()) {
        at += channel.write(buffer, at);
      }
    } catch (IOException e) {
      try {
        channel.truncate(size);
      } catch (IOException f) {
        e.addSuppressed(f);
      }
      throw e;
    }
    size = at;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
