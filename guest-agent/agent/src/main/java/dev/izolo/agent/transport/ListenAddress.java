package dev.izolo.agent.transport;

import dev.izolo.agent.linux.StreamSocket;
import java.io.IOException;
import java.nio.file.Path;

/** Where the agent listens. */
public sealed interface ListenAddress {
  int BACKLOG = 64;

  /** The port on which a host finds the agent. */
  int DEFAULT_PORT = 1024;

  /** Opens it; the socket listens when this returns. */
  StreamSocket listen() throws IOException;

  /** AF_VSOCK on every context id. */
  record Vsock(int port) implements ListenAddress {
    @Override
    public StreamSocket listen() throws IOException {
      return StreamSocket.listenVsock(port, BACKLOG);
    }
  }

  /** A unix socket, for training and tests. */
  record Unix(Path path) implements ListenAddress {
    @Override
    public StreamSocket listen() throws IOException {
      return StreamSocket.listenUnix(path, BACKLOG);
    }
  }
}
