package dev.izolo.agent.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A unix socket on which one descriptor is handed over, as the OCI runtimes do with a terminal's master side. */
public final class DescriptorListener implements AutoCloseable {
  private static final int SOCK_NONBLOCK = 0x800;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int CONTROL_BYTES = 64;
  private static final int DATA_BYTES = 4096;

  private final Fd listening;
  private final Path path;

  public DescriptorListener(Path path) throws IOException {
    this.path = path;
    byte[] address = SocketAddresses.unix(path);
    listening = new Fd(SystemCalls.check("socket",
        SystemCalls.socket(SocketCalls.AF_UNIX, SocketCalls.SOCK_STREAM | SocketCalls.SOCK_CLOEXEC | SOCK_NONBLOCK, 0)));
    try {
      SystemCalls.check("bind " + path, SystemCalls.bind(listening.number(), address, address.length));
      SystemCalls.check("listen on " + path, SystemCalls.listen(listening.number(), 1));
    } catch (IOException e) {
      listening.close();
      throw e;
    }
  }

  public Path path() {
    return path;
  }

  /** The descriptor a peer has sent already; an error if none has. Never blocks. */
  public Fd take() throws IOException {
    try (Fd connection = new Fd(SystemCalls.check("accept on " + path, SystemCalls.accept4(
            listening.number(), 0, 0, SocketCalls.SOCK_CLOEXEC | SOCK_NONBLOCK)));
        NativeBuffer data = new NativeBuffer(DATA_BYTES);
        NativeBuffer control = new NativeBuffer(CONTROL_BYTES);
        NativeBuffer vector = new NativeBuffer(16);
        NativeBuffer message = new NativeBuffer(56)) {
      vector.putLong(0, data.address()).putLong(8, data.size());
      message.putLong(16, vector.address()).putLong(24, 1).putLong(32, control.address()).putLong(40, control.size());
      SystemCalls.check("receive a terminal on " + path,
          SystemCalls.recvmsg(connection.number(), message.address(), MSG_CMSG_CLOEXEC));
      if (message.getLong(40) < 20 || control.getInt(8) != SOL_SOCKET || control.getInt(12) != SCM_RIGHTS) {
        throw new IOException("the runtime sent no terminal on " + path);
      }
      return new Fd(control.getInt(16));
    }
  }

  @Override
  public void close() {
    listening.close();
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
