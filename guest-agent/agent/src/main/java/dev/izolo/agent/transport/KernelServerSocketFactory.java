package dev.izolo.agent.transport;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import javax.net.ServerSocketFactory;

/** Makes the one listening socket of a server; the addresses it is asked for are gRPC's placeholders. */
public final class KernelServerSocketFactory extends ServerSocketFactory {
  private final ListenAddress address;

  public KernelServerSocketFactory(ListenAddress address) {
    this.address = address;
  }

  @Override
  public ServerSocket createServerSocket() throws IOException {
    return new KernelServerSocket(address.listen());
  }

  @Override
  public ServerSocket createServerSocket(int port) throws IOException {
    return createServerSocket();
  }

  @Override
  public ServerSocket createServerSocket(int port, int backlog) throws IOException {
    return createServerSocket();
  }

  @Override
  public ServerSocket createServerSocket(int port, int backlog, InetAddress ifAddress) throws IOException {
    return createServerSocket();
  }
}
