package dev.izolo.agent.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootedFilesTest {
  @TempDir Path outside;
  private Path root;

  @BeforeEach
  void makeRoot() throws IOException {
    root = Files.createDirectories(outside.resolve("root"));
    Files.createDirectory(root.resolve("etc"));
    Files.writeString(outside.resolve("secret"), "secret");
  }

  @Test
  void readsAFileAndMissesAnAbsentOne() throws IOException {
    Files.writeString(root.resolve("etc/passwd"), "root:x:0:0");
    assertThat(RootedFiles.read(root, "etc/passwd", 100)).asString().isEqualTo("root:x:0:0");
    assertThat(RootedFiles.read(root, "etc/group", 100)).isNull();
    assertThat(RootedFiles.read(root, "none/group", 100)).isNull();
  }

  @Test
  void noLinkLeadsOutOfTheRoot() throws IOException {
    Files.createSymbolicLink(root.resolve("etc/passwd"), Path.of("../../../../../../../.." + outside + "/secret"));
    Files.createSymbolicLink(root.resolve("etc/group"), outside.resolve("secret"));
    assertThat(RootedFiles.read(root, "etc/passwd", 100)).isNull();
    assertThat(RootedFiles.read(root, "etc/group", 100)).isNull();
    Files.createSymbolicLink(root.resolve("etc/absolute"), Path.of("/etc/real"));
    Files.writeString(root.resolve("etc/real"), "inside");
    assertThat(RootedFiles.read(root, "etc/absolute", 100)).asString().isEqualTo("inside");
  }

  @Test
  void refusesWhatIsTooLongOrNoFile() throws IOException {
    Files.writeString(root.resolve("etc/passwd"), "x".repeat(101));
    assertThatThrownBy(() -> RootedFiles.read(root, "etc/passwd", 100)).isInstanceOf(IOException.class)
        .hasMessageContaining("longer than 100");
    assertThatThrownBy(() -> RootedFiles.read(root, "etc", 100)).isInstanceOf(IOException.class)
        .hasMessageContaining("no regular file");
    Files.createSymbolicLink(root.resolve("etc/loop"), Path.of("loop"));
    assertThatThrownBy(() -> RootedFiles.read(root, "etc/loop", 100)).isInstanceOf(LinuxException.class)
        .hasMessageContaining("ELOOP");
  }

  @Test
  void laysOutSocketAddresses() {
    assertThat(SocketAddresses.vsock(SocketAddresses.VMADDR_CID_ANY, 1024))
        .containsExactly(40, 0, 0, 0, 0, 4, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0);
    assertThat(SocketAddresses.unix(Path.of("/a"))).containsExactly(1, 0, '/', 'a', 0);
    assertThatThrownBy(() -> SocketAddresses.unix(Path.of("/" + "a".repeat(107))))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
