package dev.izolo.linux;

import java.io.IOException;
import java.util.Map;

/** A system call that failed, with its errno as Linux defines it on x86-64. */
public final class ErrnoException extends IOException {
  private static final long serialVersionUID = 1;

  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int ESRCH = 3;
  public static final int EINTR = 4;
  public static final int ECHILD = 10;
  public static final int EAGAIN = 11;
  public static final int ENXIO = 6;
  public static final int EACCES = 13;
  public static final int EEXIST = 17;
  public static final int EXDEV = 18;
  public static final int EINVAL = 22;
  public static final int ELOOP = 40;
  public static final int ECONNREFUSED = 111;

  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(EPERM, "EPERM (not permitted)"),
          Map.entry(ENOENT, "ENOENT (no such file or directory)"),
          Map.entry(ESRCH, "ESRCH (no such process)"),
          Map.entry(EINTR, "EINTR (interrupted)"),
          Map.entry(9, "EBADF (bad file descriptor)"),
          Map.entry(ECHILD, "ECHILD (not a child)"),
          Map.entry(EAGAIN, "EAGAIN (would block)"),
          Map.entry(12, "ENOMEM (out of memory)"),
          Map.entry(EACCES, "EACCES (permission denied)"),
          Map.entry(16, "EBUSY (busy)"),
          Map.entry(EEXIST, "EEXIST (exists already)"),
          Map.entry(EXDEV, "EXDEV (leaves the directory)"),
          Map.entry(19, "ENODEV (no such device)"),
          Map.entry(20, "ENOTDIR (not a directory)"),
          Map.entry(21, "EISDIR (is a directory)"),
          Map.entry(EINVAL, "EINVAL (invalid argument)"),
          Map.entry(24, "EMFILE (too many open files)"),
          Map.entry(28, "ENOSPC (no space left)"),
          Map.entry(32, "EPIPE (broken pipe)"),
          Map.entry(38, "ENOSYS (not in this kernel)"),
          Map.entry(ELOOP, "ELOOP (symbolic link in the way)"),
          Map.entry(98, "EADDRINUSE (address in use)"),
          Map.entry(ECONNREFUSED, "ECONNREFUSED (nobody listens)"));

  private final int errno;

  public ErrnoException(String operation, int errno) {
    super(operation + ": " + NAMES.getOrDefault(errno, "errno " + errno));
    this.errno = errno;
  }

  public int errno() {
    return errno;
  }
}
