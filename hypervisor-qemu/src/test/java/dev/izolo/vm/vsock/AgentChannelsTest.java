package dev.izolo.vm.vsock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.CallOptions;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gRPC server behind a stand-in for the vsock backend, which does the handshake as each test says. */
class AgentChannelsTest {
  private static final MethodDescriptor<byte[], byte[]> ECHO =
      MethodDescriptor.<byte[], byte[]>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("test.Echo/Echo")
          .setRequestMarshaller(new Bytes())
          .setResponseMarshaller(new Bytes())
          .build();

  @TempDir Path temp;
  private final EventLoopGroup loop = new EpollEventLoopGroup(1);
  private final AgentChannels channels =
      new AgentChannels(loop, Executors.newVirtualThreadPerTaskExecutor(), Duration.ofMillis(300));
  private Server agent;
  private ServerSocketChannel backend;
  private ManagedChannel channel;

  /** What the backend does once it has read the request; true to go on and relay. */
  private interface Reply {
    boolean to(String request, SocketChannel client) throws IOException;
  }

  @BeforeEach
  void startAgent() throws Exception {
    agent =
        NettyServerBuilder.forAddress(
                new DomainSocketAddress(temp.resolve("agent.sock").toString()), InsecureServerCredentials.create())
            .channelType(EpollServerDomainSocketChannel.class)
            .bossEventLoopGroup(loop)
            .workerEventLoopGroup(loop)
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .addService(
                ServerServiceDefinition.builder("test.Echo")
                    .addMethod(
                        ECHO,
                        ServerCalls.asyncUnaryCall(
                            (request, observer) -> {
                              observer.onNext(request);
                              observer.onCompleted();
                            }))
                    .build())
            .build()
            .start();
  }

  @AfterEach
  void stop() throws Exception {
    if (channel != null) {
      channel.shutdownNow();
    }
    agent.shutdownNow();
    if (backend != null) {
      backend.close();
    }
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
  }

  @Test
  void speaksToTheAgentAfterTheHandshake() throws Exception {
    backend(
        (request, client) -> {
          assertThat(request).isEqualTo("CONNECT 1024");
          write(client, "OK 1073741824\n");
          return true;
        });

    assertThat(echo(5)).isEqualTo("hello");
    assertThat(echo(5)).isEqualTo("hello");
  }

  @Test
  void readsAnAnswerThatComesByteByByte() throws Exception {
    backend(
        (_, client) -> {
          for (char c : "OK 7\n".toCharArray()) {
            write(client, String.valueOf(c));
          }
          return true;
        });

    assertThat(echo(5)).isEqualTo("hello");
  }

  @Test
  void handsOnWhatTheServerSaysInTheSamePacket() throws Exception {
    // An empty SETTINGS frame, which a server may send before it has heard anything: HTTP/2's first frame.
    String settings = "\0\0\0\4\0\0\0\0\0";
    backend(
        (_, client) -> {
          write(client, "OK 7\n" + settings);
          return false;
        });

    // The peer is mute after it, so the call ends by its deadline and not by a broken connection.
    assertThatThrownBy(() -> echo(1))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
  }

  @Test
  void saysThatNobodyListensInTheGuest() throws Exception {
    backend(
        (_, client) -> {
          client.close();
          return false;
        });

    assertUnavailable("nobody in the guest listens");
  }

  @Test
  void givesUpOnAPausedGuest() throws Exception {
    backend((_, _) -> false);

    assertUnavailable("no answer to CONNECT 1024 within 300 ms");
  }

  @Test
  void refusesAnotherAnswer() throws Exception {
    backend(
        (_, client) -> {
          write(client, "HTTP/1.1 400 Bad Request\n");
          return false;
        });

    assertUnavailable("refused CONNECT 1024");
  }

  @Test
  void boundsTheAnswer() throws Exception {
    backend(
        (_, client) -> {
          write(client, "OK " + "1".repeat(100_000));
          return false;
        });

    assertUnavailable("is no line");
  }

  @Test
  void reconnectsAfterTheConnectionBroke() throws Exception {
    var first = new AtomicBoolean(true);
    backend(
        (_, client) -> {
          if (first.getAndSet(false)) {
            client.close();
            return false;
          }
          write(client, "OK 1\n");
          return true;
        });

    assertUnavailable("nobody");
    channel.resetConnectBackoff();
    assertThat(call(CallOptions.DEFAULT.withWaitForReady().withDeadlineAfter(5, TimeUnit.SECONDS))).isEqualTo("hello");
  }

  @Test
  void saysThatThereIsNoBackend() {
    channel = channels.open(new VsockEndpoint.Hybrid(temp.resolve("none.sock")));

    assertThatThrownBy(() -> echo(5))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class, e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
  }

  @Test
  void endpointsHaveATextForm() {
    assertThat(VsockEndpoint.parse("cid:10000")).isEqualTo(new VsockEndpoint.Kernel(10_000)).hasToString("cid:10000");
    assertThat(VsockEndpoint.parse("hybrid:/a/b"))
        .isEqualTo(new VsockEndpoint.Hybrid(Path.of("/a/b")))
        .hasToString("hybrid:/a/b");
    for (String text : new String[] {"", "cid:2", "cid:x", "hybrid:relative", "unix:/a"}) {
      assertThatThrownBy(() -> VsockEndpoint.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  private void assertUnavailable(String why) {
    assertThatThrownBy(() -> echo(5))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class, e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE))
        .hasMessageContaining(why);
  }

  private String echo(int seconds) {
    return call(CallOptions.DEFAULT.withDeadlineAfter(seconds, TimeUnit.SECONDS));
  }

  private String call(CallOptions options) {
    byte[] answer =
        ClientCalls.blockingUnaryCall(channel, ECHO, options, "hello".getBytes(StandardCharsets.US_ASCII));
    return new String(answer, StandardCharsets.US_ASCII);
  }

  private void backend(Reply reply) throws IOException {
    Path socket = temp.resolve("vsock.sock");
    backend = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    backend.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofPlatform().daemon().start(() -> accept(reply));
    channel = channels.open(new VsockEndpoint.Hybrid(socket));
  }

  private void accept(Reply reply) {
    try {
      while (true) {
        SocketChannel client = backend.accept();
        Thread.ofPlatform().daemon().start(() -> serve(client, reply));
      }
    } catch (IOException e) {
      // Closed by the test's end.
    }
  }

  private void serve(SocketChannel client, Reply reply) {
    try {
      var request = new StringBuilder();
      var one = ByteBuffer.allocate(1);
      while (client.read(one) == 1 && one.get(0) != '\n') {
        request.append((char) one.get(0));
        one.clear();
      }
      if (reply.to(request.toString(), client)) {
        var agentSide = SocketChannel.open(UnixDomainSocketAddress.of(temp.resolve("agent.sock")));
        Thread.ofPlatform().daemon().start(() -> copy(agentSide, client));
        copy(client, agentSide);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void copy(SocketChannel from, SocketChannel to) {
    try {
      Channels.newInputStream(from).transferTo(Channels.newOutputStream(to));
      to.close();
    } catch (IOException e) {
      // One side went away.
    }
  }

  private static void write(SocketChannel channel, String text) throws IOException {
    channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)));
  }

  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
