package dev.izolo.agent.transport;

import dev.izolo.agent.linux.StreamSocket;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketImpl;

/**
 * A connected {@link StreamSocket} as the {@link Socket} gRPC's transport asks for. TCP's options mean nothing here and
 * are accepted silently. The addresses are placeholders and never null: gRPC's accept loop dies on a null one.
 */
final class KernelSocket extends Socket {
  private final StreamSocket socket;
  private final InputStream input;
  private final OutputStream output;

  KernelSocket(StreamSocket socket) throws IOException {
    super((SocketImpl) null);
    this.socket = socket;
    this.input = new Input(this);
    this.output = new Output(this);
  }

  @Override
  public InputStream getInputStream() {
    return input;
  }

  @Override
  public OutputStream getOutputStream() {
    return output;
  }

  @Override
  public boolean isConnected() {
    return true;
  }

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
  public void setTcpNoDelay(boolean on) {}

  @Override
  public void setSoTimeout(int timeout) {}

  @Override
  public int getSoTimeout() {
    return 0;
  }

  @Override
  public void setKeepAlive(boolean on) {}

  @Override
  public void setSoLinger(boolean on, int linger) {}

  @Override
  public SocketAddress getRemoteSocketAddress() {
    return KernelServerSocket.PLACEHOLDER;
  }

  @Override
  public SocketAddress getLocalSocketAddress() {
    return KernelServerSocket.PLACEHOLDER;
  }

  @Override
  public InetAddress getInetAddress() {
    return null;
  }

  @Override
  public int getPort() {
    return 0;
  }

  private static final class Input extends InputStream {
    private final KernelSocket owner;

    Input(KernelSocket owner) {
      this.owner = owner;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      return owner.socket.read(into, offset, length);
    }

    @Override
    public void close() {
      owner.close();
    }
  }

  private static final class Output extends OutputStream {
    private final KernelSocket owner;

    Output(KernelSocket owner) {
      this.owner = owner;
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      owner.socket.write(from, offset, length);
    }

    @Override
    public void close() {
      owner.close();
    }
  }
}
