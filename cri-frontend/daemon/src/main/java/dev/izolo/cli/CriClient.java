package dev.izolo.cli;

import dev.izolo.cri.v1.ImageServiceGrpc;
import dev.izolo.cri.v1.ImageServiceGrpc.ImageServiceBlockingStub;
import dev.izolo.cri.v1.RuntimeServiceGrpc;
import dev.izolo.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** CRI's blocking stubs over a daemon's unix socket. */
final class CriClient implements AutoCloseable {
  private static final int MAX_MESSAGE_BYTES = 64 << 20;
  /** Errors come as headers, and quote consoles; each byte may take three there. */
  private static final int MAX_METADATA_BYTES = 64 * 1024;

  private final EventLoopGroup loops = new EpollEventLoopGroup(1, new DefaultThreadFactory("cri-client", true));
  private final ManagedChannel channel;

  CriClient(Path socket) {
    channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
        .channelType(EpollDomainSocketChannel.class)
        .eventLoopGroup(loops)
        .overrideAuthority("localhost")
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        .maxInboundMetadataSize(MAX_METADATA_BYTES)
        .usePlaintext()
        .directExecutor()
        .build();
  }

  RuntimeServiceBlockingStub runtime() {
    return RuntimeServiceGrpc.newBlockingStub(channel);
  }

  ImageServiceBlockingStub images() {
    return ImageServiceGrpc.newBlockingStub(channel);
  }

  /** What a failed call tells a person. */
  static String message(StatusRuntimeException error) {
    Status status = error.getStatus();
    String description = status.getDescription();
    if (description != null && !description.isBlank()) {
      return description;
    }
    return "the daemon answered " + status.getCode();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
