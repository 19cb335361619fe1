package dev.izolo.agent.linux;

import com.sun.jna.Native;
import java.io.IOException;

/** The few calls a stream socket needs. */
final class SocketCalls {
  static final int AF_UNIX = 1;
  static final int AF_VSOCK = 40;
  static final int SOCK_STREAM = 1;
  static final int SOCK_CLOEXEC = 0x80000;
  static final int MSG_NOSIGNAL = 0x4000;
  static final int SHUT_RDWR = 2;

  private SocketCalls() {}

  static int socket(int domain, int type, int protocol) {
    return LibC.callInt("socket", domain, type, protocol);
  }

  static int bind(int fd, byte[] address, int length) {
    return LibC.callInt("bind", fd, address, length);
  }

  static int listen(int fd, int backlog) {
    return LibC.callInt("listen", fd, backlog);
  }

  static int connect(int fd, byte[] address, int length) {
    return LibC.callInt("connect", fd, address, length);
  }

  static int accept4(int fd, long address, long length, int flags) {
    return LibC.callInt("accept4", fd, address, length, flags);
  }

  static long recv(int fd, long buffer, long length, int flags) {
    return LibC.callLong("recv", fd, buffer, length, flags);
  }

  static long send(int fd, long buffer, long length, int flags) {
    return LibC.callLong("send", fd, buffer, length, flags);
  }

  static int shutdown(int fd, int how) {
    return LibC.callInt("shutdown", fd, how);
  }

  static int close(int fd) {
    return LibC.callInt("close", fd);
  }

  /** The result, or an exception with the current thread's errno when it is negative. */
  static int check(String what, int result) throws IOException {
    if (result < 0) {
      throw new LinuxException(what, Native.getLastError());
    }
    return result;
  }
}
