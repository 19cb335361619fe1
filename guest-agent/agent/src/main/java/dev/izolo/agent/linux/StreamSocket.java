package dev.izolo.agent.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A blocking stream socket of the kernel, listening or connected. One thread may read while another writes; closing
 * from a third wakes both. The descriptor is closed only when no call is using it, so that its number cannot be reused
 * under a reader's feet.
 */
public final class StreamSocket implements AutoCloseable {
  private static final int BUFFER_BYTES = 32 * 1024;

  private final int fd;
  private final AtomicBoolean shut = new AtomicBoolean();
  private final Object readLock = new Object();
  private final Object writeLock = new Object();
  private int users;
  private boolean released;
  private Pointer readBuffer;
  private Pointer writeBuffer;

  private StreamSocket(int fd) {
    this.fd = fd;
  }

  /** A listening AF_VSOCK socket on every context id; it may exist before the VM's vsock device does. */
  public static StreamSocket listenVsock(int port, int backlog) throws IOException {
    return listen(SocketCalls.AF_VSOCK, SocketAddresses.vsock(SocketAddresses.VMADDR_CID_ANY, port), backlog,
        "vsock port " + port);
  }

  /** A listening unix socket; the path must not exist. */
  public static StreamSocket listenUnix(java.nio.file.Path path, int backlog) throws IOException {
    return listen(SocketCalls.AF_UNIX, SocketAddresses.unix(path), backlog, "unix socket " + path);
  }

  /** A connected unix socket. */
  public static StreamSocket connectUnix(java.nio.file.Path path) throws IOException {
    int fd = open(SocketCalls.AF_UNIX);
    byte[] address = SocketAddresses.unix(path);
    if (SocketCalls.connect(fd, address, address.length) < 0) {
      int errno = Native.getLastError();
      SocketCalls.close(fd);
      throw new LinuxException("connect to " + path, errno);
    }
    return new StreamSocket(fd);
  }

  private static int open(int family) throws IOException {
    return SocketCalls.check("socket of family " + family,
        SocketCalls.socket(family, SocketCalls.SOCK_STREAM | SocketCalls.SOCK_CLOEXEC, 0));
  }

  private static StreamSocket listen(int family, byte[] address, int backlog, String what) throws IOException {
    int fd = open(family);
    if (SocketCalls.bind(fd, address, address.length) < 0 || SocketCalls.listen(fd, backlog) < 0) {
      int errno = Native.getLastError();
      SocketCalls.close(fd);
      throw new LinuxException("listen on " + what, errno);
    }
    return new StreamSocket(fd);
  }

  /** The next connection; blocks. Connections that died before they were accepted are passed over. */
  public StreamSocket accept() throws IOException {
    while (true) {
      enter();
      int accepted;
      int errno;
      try {
        accepted = SocketCalls.accept4(fd, 0, 0, SocketCalls.SOCK_CLOEXEC);
        errno = accepted < 0 ? Native.getLastError() : 0;
      } finally {
        leave();
      }
      if (accepted >= 0) {
        return new StreamSocket(accepted);
      }
      if (shut.get()) {
        throw new IOException("the listening socket is closed");
      }
      if (errno != Errno.EINTR && errno != Errno.ECONNABORTED && errno != Errno.ECONNRESET) {
        throw new LinuxException("accept", errno);
      }
    }
  }

  /** Reads at least one byte, or answers -1 at the end of the stream. */
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    synchronized (readLock) {
      while (true) {
        enter();
        try {
          if (readBuffer == null) {
            readBuffer = new Pointer(Native.malloc(BUFFER_BYTES));
          }
          long got = SocketCalls.recv(fd, Pointer.nativeValue(readBuffer), Math.min(length, BUFFER_BYTES), 0);
          if (got > 0) {
            readBuffer.read(0, into, offset, (int) got);
            return (int) got;
          }
          if (got == 0) {
            return -1;
          }
          int errno = Native.getLastError();
          if (errno != Errno.EINTR) {
            throw new LinuxException("receive", errno);
          }
        } finally {
          leave();
        }
      }
    }
  }

  /** Writes all of it; blocks while the peer does not take it. */
  public void write(byte[] from, int offset, int length) throws IOException {
    synchronized (writeLock) {
      int done = 0;
      while (done < length) {
        enter();
        try {
          if (writeBuffer == null) {
            writeBuffer = new Pointer(Native.malloc(BUFFER_BYTES));
          }
          int part = Math.min(length - done, BUFFER_BYTES);
          writeBuffer.write(0, from, offset + done, part);
          long sent = SocketCalls.send(fd, Pointer.nativeValue(writeBuffer), part, SocketCalls.MSG_NOSIGNAL);
          if (sent >= 0) {
            done += (int) sent;
            continue;
          }
          int errno = Native.getLastError();
          if (errno != Errno.EINTR) {
            throw new LinuxException("send", errno);
          }
        } finally {
          leave();
        }
      }
    }
  }

  public boolean isClosed() {
    return shut.get();
  }

  @Override
  public void close() {
    if (!shut.compareAndSet(false, true)) {
      return;
    }
    // Wakes whoever is blocked in a call on it; the last one out closes the descriptor.
    SocketCalls.shutdown(fd, SocketCalls.SHUT_RDWR);
    synchronized (this) {
      releaseIfUnused();
    }
  }

  private synchronized void enter() throws IOException {
    if (shut.get()) {
      throw new IOException("the socket is closed");
    }
    users++;
  }

  private synchronized void leave() {
    users--;
    if (shut.get()) {
      releaseIfUnused();
    }
  }

  private void releaseIfUnused() {
    if (users > 0 || released) {
      return;
    }
    released = true;
    SocketCalls.close(fd);
    if (readBuffer != null) {
      Native.free(Pointer.nativeValue(readBuffer));
    }
    if (writeBuffer != null) {
      Native.free(Pointer.nativeValue(writeBuffer));
    }
  }
}
