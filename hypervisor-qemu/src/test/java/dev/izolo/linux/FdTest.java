package dev.izolo.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FdTest {
  @TempDir Path temp;

  @Test
  void opensBeneathADirectoryOnly() throws Exception {
    Path inside = Files.createDirectories(temp.resolve("base/sub"));
    Path base = temp.resolve("base");
    Files.writeString(inside.resolve("file"), "content");
    Files.writeString(temp.resolve("secret"), "secret");
    Files.createSymbolicLink(base.resolve("link"), Path.of("sub/file"));
    Files.createSymbolicLink(base.resolve("linkdir"), Path.of("sub"));

    try (Fd fd = Fd.openBeneath(base, Path.of("sub/file"), Fd.O_RDONLY)) {
      assertThat(Files.readString(fd.procPath())).isEqualTo("content");
    }
    assertErrno(() -> Fd.openBeneath(base, Path.of("link"), Fd.O_RDONLY), ErrnoException.ELOOP);
    assertErrno(() -> Fd.openBeneath(base, Path.of("linkdir/file"), Fd.O_RDONLY), ErrnoException.ELOOP);
    assertErrno(() -> Fd.openBeneath(base, Path.of("../secret"), Fd.O_RDONLY), ErrnoException.EXDEV);
    assertErrno(() -> Fd.openBeneath(base, temp.resolve("secret"), Fd.O_RDONLY), ErrnoException.EXDEV);
    assertErrno(() -> Fd.openBeneath(base, Path.of("nothing"), Fd.O_RDONLY), ErrnoException.ENOENT);
  }

  @Test
  void isClosedOnceAndUnusableAfter() throws Exception {
    Fd fd = Fd.open(Path.of("/dev/null"), Fd.O_RDONLY);

    fd.close();
    fd.close();

    assertThatThrownBy(fd::number).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aFifoKeepsWhatWasSaidWithoutAReaderAndDropsTheRest() throws Exception {
    Path fifo = temp.resolve("fifo");
    Fd.makeFifo(fifo);
    assertErrno(
        () -> {
          Fd.makeFifo(fifo);
          return null;
        },
        ErrnoException.EEXIST);
    try (Fd both = Fd.open(fifo, Fd.O_RDWR | Fd.O_NONBLOCK)) {
      assertThat(both.readAvailable(100)).isEmpty();
      var flood = Spawn.start(java.util.List.of("/bin/sh", "-c", "echo first; yes | head -c 1000000"), both,
          java.util.List.of());
      flood.exited().get(10, java.util.concurrent.TimeUnit.SECONDS);
      assertThat(both.readAvailable(1 << 20)).startsWith("first\ny\n").hasSizeLessThanOrEqualTo(64 << 10);
    }
  }

  @Test
  void aListeningSocketAcceptsJavasOwnClients() throws Exception {
    Path path = temp.resolve("s.sock");
    try (Fd _ = UnixSockets.listen(path, 1);
        var client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      assertThat(client.isConnected()).isTrue();
      assertThatThrownBy(() -> UnixSockets.listen(path, 1)).hasMessageContaining("EADDRINUSE");
    }
    assertErrno(() -> UnixSockets.connect(path), ErrnoException.ECONNREFUSED);
    assertErrno(() -> UnixSockets.connect(temp.resolve("none")), ErrnoException.ENOENT);
  }

  @Test
  void sendsBytesAlongWithADescriptor() throws Exception {
    Path path = temp.resolve("s.sock");
    try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      try (Fd client = UnixSockets.connect(path);
          var accepted = server.accept();
          Fd file = Fd.open(Path.of("/dev/null"), Fd.O_RDONLY)) {
        UnixSockets.sendWithDescriptor(client.number(), "hello".getBytes(StandardCharsets.US_ASCII), file);
        var buffer = ByteBuffer.allocate(16);
        accepted.read(buffer);
        assertThat(new String(buffer.array(), 0, buffer.position(), StandardCharsets.US_ASCII)).isEqualTo("hello");
      }
    }
  }

  @Test
  void saysThatASocketsPathIsTooLong() {
    Path path = temp.resolve("x".repeat(UnixSockets.MAX_PATH_BYTES));

    assertThatThrownBy(() -> UnixSockets.listen(path, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("shorter run directory");
  }

  @Test
  void refusesATapNameThatIsNone() {
    assertThatThrownBy(() -> Tap.open(Path.of("/proc/self/ns/net"), "a-name-of-16-byt"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Tap.open(temp.resolve("no-namespace"), "tap0")).isInstanceOf(ErrnoException.class);
  }

  private interface Call {
    Object run() throws Exception;
  }

  private static void assertErrno(Call call, int errno) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(errno));
  }
}
