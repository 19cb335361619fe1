package dev.izolo.cri;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.PeerCredentials;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sits before the acceptor of the listening channel and closes every connection that is not root's, whatever the
 * socket's mode says: a CRI socket is a way to everything on the node.
 */
final class RootOnly extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(RootOnly.class);
  private static final int ROOT = 0;

  @Override
  public void channelRead(ChannelHandlerContext context, Object accepted) {
    var connection = (EpollDomainSocketChannel) accepted;
    if (allowed(connection)) {
      context.fireChannelRead(accepted);
    } else {
      // It never reached an event loop, where alone a channel may be closed in the usual way.
      connection.unsafe().closeForcibly();
    }
  }

  private static boolean allowed(EpollDomainSocketChannel connection) {
    try {
      PeerCredentials peer = connection.peerCredentials();
      if (peer.uid() == ROOT) {
        return true;
      }
      log.warn("refused a connection by uid {}, pid {}: only root may use the CRI socket", peer.uid(), peer.pid());
    } catch (IOException e) {
      log.warn("refused a connection of unknown origin", e);
    }
    return false;
  }
}
