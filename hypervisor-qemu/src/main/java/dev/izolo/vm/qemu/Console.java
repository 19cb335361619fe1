package dev.izolo.vm.qemu;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** Reads a guest's console all the time, so that QEMU never waits for it, and keeps the end. */
final class Console implements AutoCloseable {
  /** What the agent writes once it accepts calls. A hint and no more: any guest can write it. */
  static final String READY_LINE = "izolo-agent: ready";

  private final ConsoleRing ring;
  private final Channel channel;
  private final CompletableFuture<Void> readyHint = new CompletableFuture<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  private Console(EventLoopGroup loop, Path socket, ConsoleRing ring) throws IOException {
    this.ring = ring;
    var connecting =
        new Bootstrap()
            .group(loop)
            .channel(EpollDomainSocketChannel.class)
            .handler(new Reader())
            .connect(new DomainSocketAddress(socket.toString()));
    connecting.awaitUninterruptibly();
    if (!connecting.isSuccess()) {
      throw new IOException("cannot connect to the console at " + socket, connecting.cause());
    }
    channel = connecting.channel();
  }

  static Console connect(EventLoopGroup loop, Path socket) throws IOException {
    return new Console(loop, socket, new ConsoleRing());
  }

  String text() {
    return ring.text();
  }

  String lastLines(int lines) {
    return ring.lastLines(lines);
  }

  /** Completes when the ready line was seen; perhaps never. */
  CompletableFuture<Void> readyHint() {
    return readyHint;
  }

  /** Completes when everything the guest wrote has been read and QEMU has closed its end. */
  CompletableFuture<Void> ended() {
    return ended;
  }

  @Override
  public void close() {
    channel.close();
  }

  private final class Reader extends SimpleChannelInboundHandler<ByteBuf> {
    private final byte[] expected = READY_LINE.getBytes(StandardCharsets.US_ASCII);
    private int matched;

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) {
      byte[] chunk = ByteBufUtil.getBytes(bytes);
      ring.append(chunk);
      if (!readyHint.isDone()) {
        scan(chunk);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      ended.complete(null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }

    /** The first character occurs nowhere else in the line, so a mismatch can only restart the match. */
    private void scan(byte[] chunk) {
      for (byte b : chunk) {
        matched = b == expected[matched] ? matched + 1 : b == expected[0] ? 1 : 0;
        if (matched == expected.length) {
          readyHint.complete(null);
          return;
        }
      }
    }
  }
}
