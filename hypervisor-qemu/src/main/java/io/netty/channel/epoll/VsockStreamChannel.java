package io.netty.channel.epoll;

import java.net.SocketAddress;

/**
 * A client's AF_VSOCK stream. Netty brings the address and the socket calls ({@link LinuxSocket#connectVSock}) but no
 * channel for them. In Netty's package because waiting for a connection to be established, as every other channel there
 * does it, needs {@code setFlag}, which is not visible outside.
 */
public final class VsockStreamChannel extends AbstractEpollStreamChannel {
  private final EpollChannelConfig config = new EpollChannelConfig(this);
  private volatile VSockAddress remote;

  public VsockStreamChannel() {
    super(LinuxSocket.newVSockStream(), false);
  }

  @Override
  public EpollChannelConfig config() {
    return config;
  }

  @Override
  protected SocketAddress localAddress0() {
    return isActive() ? socket.localVSockAddress() : null;
  }

  @Override
  protected SocketAddress remoteAddress0() {
    return remote;
  }

  @Override
  protected boolean doConnect(SocketAddress remoteAddress, SocketAddress localAddress) throws Exception {
    if (!(remoteAddress instanceof VSockAddress address)) {
      throw new IllegalArgumentException("not a vsock address: " + remoteAddress);
    }
    boolean connected = false;
    try {
      connected = socket.connectVSock(address);
      remote = address;
      if (!connected) {
        setFlag(Native.EPOLLOUT);
      }
      return connected;
    } catch (Exception e) {
      doClose();
      throw e;
    }
  }
}
