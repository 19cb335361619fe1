package dev.izolo.agent.linux;

import com.sun.jna.Native;
import java.io.IOException;

/** Notices when files of cgroupfs change (inotify(7)); the kernel tells of each change of memory.events so. */
public final class FileWatch implements AutoCloseable {
  private static final int IN_MODIFY = 2;
  private static final int IN_NONBLOCK_CLOEXEC = 0x800 | 0x80000;

  private final Fd fd;

  public FileWatch() throws IOException {
    fd = new Fd(SystemCalls.check("inotify_init1", SystemCalls.inotify_init1(IN_NONBLOCK_CLOEXEC)));
  }

  /** What to register with an event loop; readable when there are changes. */
  public Fd fd() {
    return fd;
  }

  /** Watches a file and answers the key that {@link #changed} will name it by. */
  public int add(String path) throws IOException {
    return SystemCalls.check("watch " + path, SystemCalls.inotify_add_watch(fd.number(), path, IN_MODIFY));
  }

  /** Watches it no longer; a file that is gone is not an error. */
  public void remove(int key) throws IOException {
    if (SystemCalls.inotify_rm_watch(fd.number(), key) < 0 && Native.getLastError() != Errno.EINVAL) {
      throw new LinuxException("end a watch", Native.getLastError());
    }
  }

  /** The keys of files that changed since the last call; never blocks. */
  public java.util.Set<Integer> changed() throws IOException {
    java.util.Set<Integer> keys = new java.util.HashSet<>();
    try (NativeBuffer buffer = new NativeBuffer(4096)) {
      int got;
      while ((got = fd.read(buffer, buffer.size())) > 0) {
        for (int at = 0; at + 16 <= got; at += 16 + buffer.getInt(at + 12)) {
          keys.add(buffer.getInt(at));
        }
      }
    }
    return keys;
  }

  @Override
  public void close() {
    fd.close();
  }
}
