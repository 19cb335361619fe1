package dev.izolo.vm.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.linux.Fd;
import dev.izolo.linux.UnixSockets;
import dev.izolo.vm.qmp.QmpMessage.Event;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.LineBasedFrameDecoder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One QMP connection. Commands may be in flight together and are told apart by their ids. Once the connection ends,
 * every pending and later command fails with {@link QmpException.Disconnected}. Safe for use by many threads.
 */
public final class QmpClient implements AutoCloseable {
  /** Longer lines end the connection. The longest regular answer, qom-list of a big VM, is below 100 KiB. */
  static final int MAX_LINE_BYTES = 4 << 20;

  private static final Logger log = LoggerFactory.getLogger(QmpClient.class);
  private static final byte[] LINE_END = {'\n'};

  private final Channel channel;
  private final AtomicLong nextId = new AtomicLong(1);
  private final Map<Long, CompletableFuture<QmpMessage>> pending = new ConcurrentHashMap<>();
  private final CopyOnWriteArrayList<Consumer<Event>> listeners = new CopyOnWriteArrayList<>();
  private final CompletableFuture<QmpMessage.Greeting> greeting = new CompletableFuture<>();
  private final CompletableFuture<QmpException> closed = new CompletableFuture<>();
  // QEMU keeps only the last descriptor it received until a command claims it.
  private final ReentrantLock descriptorLock = new ReentrantLock();

  /** Wraps a channel whose pipeline is {@link #initialise}d with this client's handler. */
  private QmpClient(EventLoopGroup loop, Path socket) throws QmpException {
    var connecting =
        new Bootstrap()
            .group(loop)
            .channel(EpollDomainSocketChannel.class)
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel ch) {
                    ch.pipeline().addLast(new LineBasedFrameDecoder(MAX_LINE_BYTES, true, true), new Handler());
                  }
                })
            .connect(new DomainSocketAddress(socket.toString()));
    // A unix socket connects or fails at once.
    connecting.awaitUninterruptibly();
    if (!connecting.isSuccess()) {
      throw new QmpException.Disconnected("cannot connect to QEMU at " + socket, connecting.cause());
    }
    channel = connecting.channel();
  }

  /**
   * Connects, waits for the greeting and leaves negotiation mode.
   *
   * @param loop an epoll event loop
   * @param timeout for all of it
   */
  public static QmpClient connect(EventLoopGroup loop, Path socket, Duration timeout)
      throws QmpException, InterruptedException {
    var client = new QmpClient(loop, socket);
    try {
      var greeting = client.await(client.greeting, "its greeting", timeout);
      client.execute("qmp_capabilities", QmpMessage.arguments(), timeout);
      log.debug("connected to QEMU {} at {}", greeting.qemuVersion(), socket);
      return client;
    } catch (QmpException | InterruptedException e) {
      client.close();
      throw e;
    }
  }

  /** Executes a command and waits for what it returns. */
  public JsonNode execute(String command, ObjectNode arguments, Duration timeout)
      throws QmpException, InterruptedException {
    return execute(command, arguments, line -> channel.writeAndFlush(Unpooled.wrappedBuffer(line, LINE_END)), timeout);
  }

  /** Executes a command that takes a descriptor, such as {@code add-fd} or {@code getfd}; the descriptor is borrowed. */
  public JsonNode execute(String command, ObjectNode arguments, Fd descriptor, Duration timeout)
      throws QmpException, InterruptedException {
    descriptorLock.lockInterruptibly();
    try {
      var sent = new CompletableFuture<Void>();
      return execute(command, arguments, line -> send(line, descriptor, sent), timeout);
    } finally {
      descriptorLock.unlock();
    }
  }

  /** Calls the listener, on the event loop, with every event from now on until it is removed; it must not block. */
  public AutoCloseable listen(Consumer<Event> listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  /** The next event that matches; fails with {@link QmpException.Disconnected} when the connection ends first. */
  public CompletableFuture<Event> next(Predicate<Event> predicate) {
    var result = new CompletableFuture<Event>();
    Consumer<Event> listener =
        event -> {
          if (predicate.test(event)) {
            result.complete(event);
          }
        };
    listeners.add(listener);
    result.whenComplete((_, _) -> listeners.remove(listener));
    closed.thenAccept(result::completeExceptionally);
    return result;
  }

  /** Waits for a future of this client, with its failure as itself. */
  public <T> T await(CompletableFuture<T> future, String what, Duration timeout)
      throws QmpException, InterruptedException {
    try {
      return future.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new QmpException.TimedOut("QEMU did not send " + what + " within " + timeout.toMillis() + " ms");
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case QmpException.Disconnected d -> throw new QmpException.Disconnected(d.getMessage(), d.getCause());
        case QmpException.Malformed m -> throw new QmpException.Malformed(m.getMessage(), m.getCause());
        case null, default -> throw new QmpException.Disconnected("lost QEMU while waiting for " + what, e.getCause());
      }
    }
  }

  @Override
  public void close() {
    channel.close();
    end(new QmpException.Disconnected("the connection to QEMU was closed", null));
  }

  private JsonNode execute(String command, ObjectNode arguments, Consumer<byte[]> sender, Duration timeout)
      throws QmpException, InterruptedException {
    long id = nextId.getAndIncrement();
    var answer = new CompletableFuture<QmpMessage>();
    pending.put(id, answer);
    try {
      // Registered first, looked at second: an end of the connection in between is seen by one of the two.
      if (closed.isDone()) {
        throw new QmpException.Disconnected(closed.join().getMessage() + " before " + command, closed.join());
      }
      sender.accept(QmpMessage.command(id, command, arguments));
      return switch (await(answer, "an answer to " + command, timeout)) {
        case QmpMessage.Return r -> r.value();
        case QmpMessage.Failure f -> throw new QmpException.CommandFailed(command, f.errorClass(), f.description());
        case QmpMessage other -> throw new QmpException.Malformed("QEMU answered " + command + " with " + other, null);
      };
    } finally {
      pending.remove(id);
    }
  }

  /** On the event loop and behind everything written before, so that bytes stay in order. */
  private void send(byte[] line, Fd descriptor, CompletableFuture<Void> sent) {
    byte[] bytes = Arrays.copyOf(line, line.length + 1);
    bytes[line.length] = '\n';
    channel
        .writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(
            flushed -> {
              try {
                if (!flushed.isSuccess()) {
                  throw new IOException("the connection to QEMU is closed", flushed.cause());
                }
                UnixSockets.sendWithDescriptor(((EpollDomainSocketChannel) channel).fd().intValue(), bytes, descriptor);
                sent.complete(null);
              } catch (IOException | RuntimeException e) {
                sent.completeExceptionally(e);
                end(new QmpException.Disconnected("cannot send a descriptor to QEMU: " + e.getMessage(), e));
                channel.close();
              }
            });
    // The caller lends the descriptor for as long as this call lasts.
    sent.orTimeout(5, TimeUnit.SECONDS).exceptionally(_ -> null).join();
  }

  private void end(QmpException why) {
    if (closed.complete(why)) {
      greeting.completeExceptionally(why);
      pending.values().forEach(answer -> answer.completeExceptionally(why));
    }
  }

  private void dispatch(QmpMessage message) {
    switch (message) {
      case QmpMessage.Greeting g -> greeting.complete(g);
      case QmpMessage.Return(long id, JsonNode _) -> answer(id, message);
      case QmpMessage.Failure(long id, QmpException.ErrorClass _, String description) -> {
        if (id < 0) {
          end(new QmpException.Malformed("QEMU could not read a command: " + description, null));
          channel.close();
        } else {
          answer(id, message);
        }
      }
      case Event event -> {
        log.trace("QEMU event {}", event);
        listeners.forEach(listener -> listener.accept(event));
      }
    }
  }

  private void answer(long id, QmpMessage message) {
    CompletableFuture<QmpMessage> answer = pending.get(id);
    if (answer == null) {
      log.debug("QEMU answered command {} after its time was up", id);
    } else {
      answer.complete(message);
    }
  }

  private final class Handler extends SimpleChannelInboundHandler<ByteBuf> {
    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf line) throws QmpException {
      dispatch(QmpMessage.parse(ByteBufUtil.getBytes(line)));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      end(new QmpException.Disconnected("QEMU closed the connection", null));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      // Decoding errors arrive wrapped or not, by where in the pipeline they arose.
      Throwable why = cause instanceof io.netty.handler.codec.DecoderException && cause.getCause() != null
          ? cause.getCause()
          : cause;
      end(
          why instanceof QmpException qmp
              ? qmp
              : new QmpException.Disconnected("the connection to QEMU broke: " + why.getMessage(), why));
      context.close();
    }
  }
}
