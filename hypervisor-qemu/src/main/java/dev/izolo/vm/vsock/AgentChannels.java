package dev.izolo.vm.vsock;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.VSockAddress;
import io.netty.channel.epoll.VsockStreamChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Makes gRPC channels to agents, all on one shared event loop. Channels reconnect by themselves, never go idle, and
 * send no keep-alive pings: grpc-java's server answers frequent ones by closing the connection, and a dead VM is
 * noticed by other means.
 */
public final class AgentChannels {
  /** The agent's port, fixed by the protocol. */
  public static final int AGENT_PORT = 1024;

  private static final int MAX_MESSAGE_BYTES = 4 << 20;

  private final EventLoopGroup loop;
  private final Executor executor;
  private final Duration handshakeTimeout;

  /**
   * @param loop an epoll event loop
   * @param executor runs callbacks of calls
   * @param handshakeTimeout after which a connection that was not answered is given up: a guest that is paused, or has
   *     no vsock driver yet, never answers one, not even later
   */
  public AgentChannels(EventLoopGroup loop, Executor executor, Duration handshakeTimeout) {
    this.loop = loop;
    this.executor = executor;
    this.handshakeTimeout = handshakeTimeout;
  }

  /** A new channel, not connected yet; the caller shuts it down. */
  public ManagedChannel open(VsockEndpoint endpoint) {
    NettyChannelBuilder builder =
        switch (endpoint) {
          case VsockEndpoint.Hybrid(var socket) ->
              NettyChannelBuilder.forAddress(
                      new DomainSocketAddress(socket.toString()),
                      ConnectHandshake.credentials(AGENT_PORT, handshakeTimeout))
                  .channelType(EpollDomainSocketChannel.class);
          case VsockEndpoint.Kernel(int cid) ->
              NettyChannelBuilder.forAddress(
                      new VSockAddress(cid, AGENT_PORT), io.grpc.InsecureChannelCredentials.create())
                  .channelType(VsockStreamChannel.class, VSockAddress.class)
                  .withOption(
                      io.netty.channel.ChannelOption.CONNECT_TIMEOUT_MILLIS,
                      Math.toIntExact(handshakeTimeout.toMillis()));
        };
    return builder
        .overrideAuthority("agent")
        .eventLoopGroup(loop)
        .executor(executor)
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        .idleTimeout(10_000, TimeUnit.DAYS)
        .disableRetry()
        .build();
  }
}
