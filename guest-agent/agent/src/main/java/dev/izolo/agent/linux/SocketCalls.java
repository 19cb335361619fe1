package dev.izolo.agent.linux;

import com.sun.jna.Native;
import java.io.IOException;

/**
 * The few calls a listening stream socket needs. Apart from {@link SystemCalls}, so that the agent's way to its first
 * accept binds no more symbols than it uses.
 */
final class SocketCalls {
  static final int AF_UNIX = 1;
  static final int AF_VSOCK = 40;
  static final int SOCK_STREAM = 1;
  static final int SOCK_CLOEXEC = 0x80000;
  static final int MSG_NOSIGNAL = 0x4000;
  static final int SHUT_RDWR = 2;

  static {
    Native.register(SocketCalls.class, "c");
  }

  private SocketCalls() {}

  static native int socket(int domain, int type, int protocol);

  static native int bind(int fd, byte[] address, int length);

  static native int listen(int fd, int backlog);

  static native int connect(int fd, byte[] address, int length);

  static native int accept4(int fd, long address, long length, int flags);

  static native long recv(int fd, long buffer, long length, int flags);

  static native long send(int fd, long buffer, long length, int flags);

  static native int shutdown(int fd, int how);

  static native int close(int fd);

  /** The result, or an exception with the current thread's errno when it is negative. */
  static int check(String what, int result) throws IOException {
    if (result < 0) {
      throw new LinuxException(what, Native.getLastError());
    }
    return result;
  }
}
