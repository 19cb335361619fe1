package dev.izolo.agent.linux;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.file.Path;

/** mount(2), umount2(2) and statfs(2). */
public final class Mounts {
  public static final long READ_ONLY = 1;
  public static final long NO_SUID = 2;
  public static final long NO_DEV = 4;
  public static final long NO_EXEC = 8;
  public static final long NO_ATIME = 1024;

  private static final int MNT_DETACH = 2;
  private static final int STATFS_BYTES = 256;
  private static final int PAGE_BYTES = 4096;

  private Mounts() {}

  public static void mount(String source, Path target, String type, long flags, String options) throws IOException {
    if (options != null && options.length() >= PAGE_BYTES) {
      throw new IOException("mount " + target + ": its options take " + options.length() + " bytes, and the kernel"
          + " takes " + (PAGE_BYTES - 1) + " (too many layers)");
    }
    SystemCalls.check("mount " + type + " from " + source + " on " + target,
        SystemCalls.mount(source, target.toString(), type, flags, options));
  }

  /** Unmounts at once; a mount still in use is an error. What is not mounted is not. */
  public static void unmount(Path target) throws IOException {
    unmount(target, 0);
  }

  /** Takes the mount out of the tree now and lets it go when its last user does. */
  public static void detach(Path target) throws IOException {
    unmount(target, MNT_DETACH);
  }

  private static void unmount(Path target, int flags) throws IOException {
    if (SystemCalls.umount2(target.toString(), flags) < 0) {
      int errno = Native.getLastError();
      if (errno != Errno.EINVAL && errno != Errno.ENOENT) {
        throw new LinuxException("unmount " + target, errno);
      }
    }
  }

  /** Bytes and inodes in use on the filesystem that holds the path. */
  public record Usage(long usedBytes, long usedInodes) {}

  public static Usage usage(Path path) throws IOException {
    try (NativeBuffer buffer = new NativeBuffer(STATFS_BYTES)) {
      SystemCalls.check("statfs " + path, SystemCalls.statfs(path.toString(), buffer.address()));
      long blockBytes = buffer.getLong(8);
      return new Usage((buffer.getLong(16) - buffer.getLong(24)) * blockBytes,
          buffer.getLong(40) - buffer.getLong(48));
    }
  }
}
