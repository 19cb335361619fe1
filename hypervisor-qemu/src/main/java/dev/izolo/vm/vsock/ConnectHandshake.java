package dev.izolo.vm.vsock;

import io.grpc.ChannelCredentials;
import io.grpc.Status;
import io.grpc.netty.InternalNettyChannelCredentials;
import io.grpc.netty.InternalProtocolNegotiationEvent;
import io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.InternalProtocolNegotiators;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The handshake of hybrid vsock before HTTP/2: the host sends {@code CONNECT port\n} and waits for {@code OK number\n}.
 * Plugged into gRPC as the connection's protocol negotiation, the only place where gRPC lets bytes flow before HTTP/2.
 * The classes named Internal* are gRPC's own and may change with its version; all use of them is in this file.
 */
final class ConnectHandshake extends ByteToMessageDecoder {
  /** "OK ", a 32-bit number, and the line's end; anything longer is no answer. */
  private static final int MAX_ANSWER_BYTES = 32;

  private final int port;
  private final Duration timeout;
  private final ChannelHandler next;
  private Object negotiationEvent;
  private ScheduledFuture<?> timer;

  private ConnectHandshake(int port, Duration timeout, ChannelHandler next) {
    this.port = port;
    this.timeout = timeout;
    this.next = next;
  }

  /** Credentials that do the handshake and then plain HTTP/2. */
  static ChannelCredentials credentials(int port, Duration timeout) {
    return InternalNettyChannelCredentials.create(new Factory(port, timeout));
  }

  private record Factory(int port, Duration timeout) implements InternalProtocolNegotiator.ClientFactory {
    @Override
    public InternalProtocolNegotiator.ProtocolNegotiator newNegotiator() {
      return new Negotiator(port, timeout);
    }

    @Override
    public int getDefaultPort() {
      return port;
    }
  }

  private record Negotiator(int port, Duration timeout) implements InternalProtocolNegotiator.ProtocolNegotiator {
    @Override
    public AsciiString scheme() {
      return AsciiString.of("http");
    }

    @Override
    public ChannelHandler newHandler(io.grpc.netty.GrpcHttp2ConnectionHandler grpc) {
      return new ConnectHandshake(port, timeout, InternalProtocolNegotiators.plaintext().newHandler(grpc));
    }

    @Override
    public void close() {}
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    if (context.channel().isActive()) {
      start(context);
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    start(context);
    context.fireChannelActive();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
    // gRPC's own event, which the next negotiator waits for: it is handed on when this one is done.
    if (event.getClass() == InternalProtocolNegotiationEvent.getDefault().getClass()) {
      negotiationEvent = event;
    } else {
      super.userEventTriggered(context, event);
    }
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
    int length = in.bytesBefore((byte) '\n');
    if (length < 0 && in.readableBytes() <= MAX_ANSWER_BYTES) {
      return;
    }
    if (length < 0 || length > MAX_ANSWER_BYTES) {
      in.skipBytes(in.readableBytes());
      fail(context, "the vsock backend's answer to CONNECT is no line");
      return;
    }
    String answer = in.readCharSequence(length, StandardCharsets.US_ASCII).toString();
    in.skipBytes(1);
    if (!answer.matches("OK \\d{1,10}")) {
      fail(context, "the vsock backend refused CONNECT " + port);
      return;
    }
    stopTimer();
    context.pipeline().addAfter(context.name(), null, next);
    Object event = negotiationEvent == null ? InternalProtocolNegotiationEvent.getDefault() : negotiationEvent;
    context.fireUserEventTriggered(event);
    // What is left in the buffer, the server's first frames, goes on to the next handler.
    context.pipeline().remove(this);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) throws Exception {
    stopTimer();
    fail(context, "nobody in the guest listens on vsock port " + port + " yet (connection closed before OK)");
    super.channelInactive(context);
  }

  @Override
  protected void handlerRemoved0(ChannelHandlerContext context) {
    stopTimer();
  }

  private void start(ChannelHandlerContext context) {
    if (timer != null) {
      return;
    }
    timer =
        context
            .executor()
            .schedule(
                () -> fail(context, "no answer to CONNECT " + port + " within " + timeout.toMillis() + " ms"),
                timeout.toNanos(),
                TimeUnit.NANOSECONDS);
    context.writeAndFlush(Unpooled.copiedBuffer("CONNECT " + port + "\n", StandardCharsets.US_ASCII));
  }

  private void fail(ChannelHandlerContext context, String why) {
    if (context.isRemoved()) {
      return;
    }
    context.fireExceptionCaught(Status.UNAVAILABLE.withDescription(why).asRuntimeException());
    context.close();
  }

  private void stopTimer() {
    if (timer != null) {
      timer.cancel(false);
    }
  }
}
