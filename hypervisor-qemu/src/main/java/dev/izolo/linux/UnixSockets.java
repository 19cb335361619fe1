package dev.izolo.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Unix stream sockets as descriptors that can be given to a child process, and descriptors sent over them. */
public final class UnixSockets {
  /** Bytes of a socket's path, without the closing zero (unix(7)). */
  public static final int MAX_PATH_BYTES = 107;

  private static final short AF_UNIX = 1;
  private static final int SOCK_STREAM_CLOEXEC = 1 | Fd.O_CLOEXEC;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;

  private static final CFunction SOCKET = CFunction.of("socket", 3);
  private static final CFunction BIND = CFunction.of("bind", 3);
  private static final CFunction LISTEN = CFunction.of("listen", 2);
  private static final CFunction CONNECT = CFunction.of("connect", 3);
  private static final CFunction SENDMSG = CFunction.of("sendmsg", 3);

  private UnixSockets() {}

  /** A listening socket at a path that must not exist yet, with mode as the process's umask says. */
  public static Fd listen(Path path, int backlog) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      Fd socket = socket(arena);
      try {
        int bound = (int) BIND.call(state, socket.number(), address(arena, path).address(), 110);
        Libc.check(bound, state, "bind " + path);
        int listening = (int) LISTEN.call(state, socket.number(), backlog);
        Libc.check(listening, state, "listen on " + path);
        return socket;
      } catch (Throwable t) {
        socket.close();
        throw t;
      }
    }
  }

  /** Connects to a listening socket. ENOENT and ECONNREFUSED while there is no listener. */
  public static Fd connect(Path path) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      Fd socket = socket(arena);
      try {
        int result = (int) CONNECT.call(state, socket.number(), address(arena, path).address(), 110);
        Libc.check(result, state, "connect to " + path);
        return socket;
      } catch (Throwable t) {
        socket.close();
        throw t;
      }
    }
  }

  /**
   * Sends bytes and one descriptor with them in a single sendmsg(2), never blocking. EAGAIN when the peer's buffer is
   * full; a partial send is an error too, for nobody could tell the peer.
   *
   * @param socket number of a connected unix socket, borrowed
   * @param bytes at least one
   */
  public static void sendWithDescriptor(int socket, byte[] bytes, Fd descriptor) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      MemorySegment iov = arena.allocate(16, 8);
      iov.set(ValueLayout.ADDRESS, 0, arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes));
      iov.set(ValueLayout.JAVA_LONG, 8, bytes.length);
      MemorySegment control = arena.allocate(24, 8);
      control.set(ValueLayout.JAVA_LONG, 0, 20);
      control.set(ValueLayout.JAVA_INT, 8, SOL_SOCKET);
      control.set(ValueLayout.JAVA_INT, 12, SCM_RIGHTS);
      control.set(ValueLayout.JAVA_INT, 16, descriptor.number());
      MemorySegment message = arena.allocate(56, 8);
      message.set(ValueLayout.ADDRESS, 16, iov);
      message.set(ValueLayout.JAVA_LONG, 24, 1);
      message.set(ValueLayout.ADDRESS, 32, control);
      message.set(ValueLayout.JAVA_LONG, 40, 24);
      long sent = SENDMSG.call(state, socket, message.address(), MSG_DONTWAIT | MSG_NOSIGNAL);
      Libc.check((int) sent, state, "send a file descriptor");
      if (sent != bytes.length) {
        throw new ErrnoException("send a file descriptor with " + bytes.length + " bytes", ErrnoException.EAGAIN);
      }
    }
  }

  private static Fd socket(Arena arena) throws ErrnoException {
    MemorySegment state = Libc.callState(arena);
    int fd = (int) SOCKET.call(state, AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
    return new Fd(Libc.check(fd, state, "socket"));
  }

  private static MemorySegment address(Arena arena, Path path) {
    byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_PATH_BYTES) {
      throw new IllegalArgumentException(
          "socket path is longer than " + MAX_PATH_BYTES + " bytes: " + path + "; use a shorter run directory");
    }
    MemorySegment address = arena.allocate(110, 2);
    address.set(ValueLayout.JAVA_SHORT, 0, AF_UNIX);
    MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, 2, bytes.length);
    return address;
  }
}
