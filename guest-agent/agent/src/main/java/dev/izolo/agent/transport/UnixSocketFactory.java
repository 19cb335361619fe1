package dev.izolo.agent.transport;

import dev.izolo.agent.linux.StreamSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import javax.net.SocketFactory;

/** Connects every socket it is asked for to one unix socket: how the agent calls itself when it is trained or tested. */
public final class UnixSocketFactory extends SocketFactory {
  private final Path path;

  public UnixSocketFactory(Path path) {
    this.path = path;
  }

  @Override
  public Socket createSocket() throws IOException {
    return new KernelSocket(StreamSocket.connectUnix(path));
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return createSocket();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
    return createSocket();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    return createSocket();
  }

  @Override
  public Socket createSocket(InetAddress address, int port, InetAddress local, int localPort) throws IOException {
    return createSocket();
  }
}
