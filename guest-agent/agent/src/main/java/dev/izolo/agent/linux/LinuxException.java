package dev.izolo.agent.linux;

import java.io.IOException;

/** A system call failed: which one, on what, and the kernel's error number. */
public final class LinuxException extends IOException {
  private final int errno;

  public LinuxException(String what, int errno) {
    super(what + ": " + Errno.describe(errno));
    this.errno = errno;
  }

  /** One of {@link Errno}'s numbers, or any other of the kernel's. */
  public int errno() {
    return errno;
  }
}
