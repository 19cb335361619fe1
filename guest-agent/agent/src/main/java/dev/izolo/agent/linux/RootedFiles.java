package dev.izolo.agent.linux;

import java.io.IOException;
import java.nio.file.Path;

/** Reads files of an untrusted tree as a process chrooted there would see them: no link or ".." leads out of it. */
public final class RootedFiles {
  private static final long SYS_OPENAT2 = 437;
  private static final long RESOLVE_IN_ROOT = 0x10;
  private static final long RESOLVE_NO_MAGICLINKS = 0x02;
  private static final long O_NONBLOCK_CLOEXEC = 0x800 | 0x80000;
  private static final int O_PATH_DIRECTORY_CLOEXEC = 0x200000 | 0x10000 | 0x80000;

  private RootedFiles() {}

  /**
   * The file's bytes, or null if there is none. A file longer than the limit is an error, and so is one that is no
   * regular file: reading a FIFO or a device would be the image's trap.
   */
  public static byte[] read(Path root, String path, int maxBytes) throws IOException {
    try (Fd directory = new Fd(SystemCalls.check("open " + root,
            SystemCalls.open(root.toString(), O_PATH_DIRECTORY_CLOEXEC, 0)));
        NativeBuffer name = NativeBuffer.ofString(path);
        NativeBuffer how = new NativeBuffer(24)) {
      how.putLong(0, O_NONBLOCK_CLOEXEC).putLong(16, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
      long opened = SystemCalls.syscall(SYS_OPENAT2, directory.number(), name.address(), how.address(), how.size());
      if (opened < 0) {
        int errno = com.sun.jna.Native.getLastError();
        if (errno == Errno.ENOENT || errno == 20) {
          return null;
        }
        throw new LinuxException("open " + path + " in the container's root", errno);
      }
      try (Fd file = new Fd((int) opened)) {
        return readAll(file, path, maxBytes);
      }
    }
  }

  private static byte[] readAll(Fd file, String path, int maxBytes) throws IOException {
    if (!java.nio.file.Files.isRegularFile(Path.of("/proc/self/fd/" + file.number()))) {
      throw new IOException(path + " in the container's root is no regular file");
    }
    java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
    try (NativeBuffer buffer = new NativeBuffer(16 * 1024)) {
      while (true) {
        int got = file.read(buffer, buffer.size());
        if (got < 0) {
          return out.toByteArray();
        }
        if (out.size() + got > maxBytes) {
          throw new IOException(path + " in the container's root is longer than " + maxBytes + " bytes");
        }
        out.writeBytes(buffer.bytes(0, got));
      }
    }
  }
}
