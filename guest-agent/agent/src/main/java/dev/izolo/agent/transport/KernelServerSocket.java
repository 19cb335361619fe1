package dev.izolo.agent.transport;

import dev.izolo.agent.linux.StreamSocket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;

/** A listening {@link StreamSocket} as the {@link ServerSocket} gRPC's transport asks for. */
final class KernelServerSocket extends ServerSocket {
  /** What stands for an address where java.net has no type for the real one. */
  static final SocketAddress PLACEHOLDER = InetSocketAddress.createUnresolved("agent", 0);

  private final StreamSocket socket;

  KernelServerSocket(StreamSocket socket) throws IOException {
    this.socket = socket;
  }

  @Override
  public Socket accept() throws IOException {
    return new KernelSocket(socket.accept());
  }

  /** Bound already when it was made: gRPC's own bind is a formality. */
  @Override
  public void bind(SocketAddress address, int backlog) {}

  @Override
  public void bind(SocketAddress address) {}

  @Override
  public boolean isBound() {
    return true;
  }

  @Override
  public boolean isClosed() {
    return socket.isClosed();
  }

  @Override
  public void close() {
    socket.close();
  }

  @Override
  public SocketAddress getLocalSocketAddress() {
    return PLACEHOLDER;
  }

  @Override
  public int getLocalPort() {
    return 0;
  }

  @Override
  public void setReuseAddress(boolean on) {}
}
