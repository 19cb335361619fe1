package dev.izolo.cri;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The gRPC server on its unix socket: root's alone, one virtual thread per call that may wait. */
public final class CriServer implements AutoCloseable {
  /** The kubelet's own limit on a message (its maxMsgSize). */
  private static final int MAX_MESSAGE_BYTES = 16 << 20;

  private static final Duration FORCED_END = Duration.ofSeconds(30);

  private static final Logger log = LoggerFactory.getLogger(CriServer.class);

  private final Server server;
  private final CallRunner runner;
  private final EventLoopGroup loops;
  private final CriSocket socket;

  private CriServer(Server server, CallRunner runner, EventLoopGroup loops, CriSocket socket) {
    this.server = server;
    this.runner = runner;
    this.loops = loops;
    this.socket = socket;
  }

  /**
   * Serves at a path, whose directory is made if need be.
   *
   * @throws IOException if it cannot, for example because another daemon serves there; the message says so
   */
  public static CriServer start(Path path, CriServices services) throws IOException {
    CriSocket socket = CriSocket.claim(path);
    CallRunner runner = new CallRunner();
    EventLoopGroup loops = new EpollEventLoopGroup(1, new DefaultThreadFactory("cri", true));
    NettyServerBuilder builder = NettyServerBuilder
        .forAddress(new DomainSocketAddress(path.toFile()), InsecureServerCredentials.create())
        .channelFactory(() -> {
          var channel = new EpollServerDomainSocketChannel();
          channel.pipeline().addLast(new RootOnly());
          return channel;
        })
        .bossEventLoopGroup(loops)
        .workerEventLoopGroup(loops)
        .directExecutor()
        .maxInboundMessageSize(MAX_MESSAGE_BYTES);
    services.definitions(runner).forEach(builder::addService);
    CriServer server = new CriServer(builder.build(), runner, loops, socket);
    try {
      server.server.start();
      // The directory is closed to others or the connection is refused by its owner's uid: no one gets in meanwhile.
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException e) {
      server.close();
      throw new IOException("cannot listen on " + path + ": " + e.getMessage(), e);
    }
    return server;
  }

  /** Takes no more calls, and lets those in flight finish for a while; what remains then is cancelled. */
  public void stop(Duration grace) throws InterruptedException {
    server.shutdown();
    runner.endStreams();
    if (!server.awaitTermination(grace.toMillis(), TimeUnit.MILLISECONDS)) {
      server.shutdownNow();
    }
    // Cancelled calls roll back what they had begun, which takes its time, bounded. The event loop must live till then:
    // gRPC cancels by it.
    if (!runner.awaitIdle(FORCED_END)) {
      log.warn("calls were still running when the server ended; the next start cleans up after them");
    }
    close();
  }

  public void awaitEnd() throws InterruptedException {
    server.awaitTermination();
  }

  @Override
  public void close() {
    server.shutdownNow();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    socket.close();
  }
}
