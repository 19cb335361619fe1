package dev.izolo.network.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.network.cni.CniException.BadConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NetworkDirectoryTest {
  @TempDir Path directory;

  private void put(String file, String name) throws IOException {
    Files.writeString(
        directory.resolve(file),
        file.endsWith(".conflist")
            ? "{\"cniVersion\":\"1.0.0\",\"name\":\"%s\",\"plugins\":[{\"type\":\"t\"}]}".formatted(name)
            : "{\"cniVersion\":\"1.0.0\",\"name\":\"%s\",\"type\":\"t\"}".formatted(name));
  }

  private Optional<String> current() throws BadConfiguration {
    return new NetworkDirectory(directory).current().map(NetworkList::name);
  }

  @Test
  void theFirstFileInOrderDecides() throws Exception {
    put("20-b.conflist", "b");
    put("10-a.conf", "a");
    put("00-note.txt", "note");
    Files.createDirectory(directory.resolve("05-directory.conf"));
    assertThat(current()).contains("a");
    put("09-z.json", "z");
    assertThat(current()).contains("z");
  }

  @Test
  void anEmptyOrAbsentDirectoryHasNoNetwork() throws Exception {
    assertThat(current()).isEmpty();
    assertThat(new NetworkDirectory(directory.resolve("absent")).current()).isEmpty();
  }

  @Test
  void changesAreSeenWithoutRestart() throws Exception {
    NetworkDirectory watched = new NetworkDirectory(directory);
    put("10-a.conflist", "a");
    NetworkList first = watched.current().orElseThrow();
    assertThat(watched.current().orElseThrow()).as("not parsed again").isSameAs(first);
    put("10-a.conflist", "other");
    assertThat(watched.current().orElseThrow().name()).isEqualTo("other");
    Files.delete(directory.resolve("10-a.conflist"));
    assertThat(watched.current()).isEmpty();
  }

  @Test
  void aBrokenFirstFileIsAnErrorAndNotAReasonToTakeTheSecond() throws Exception {
    put("20-b.conflist", "b");
    Files.writeString(directory.resolve("10-a.conflist"), "{");
    assertThatThrownBy(this::current).isInstanceOf(BadConfiguration.class).hasMessageContaining("10-a.conflist");
  }

  @Test
  void anEndlessFileIsRefused() throws Exception {
    Files.write(directory.resolve("10-a.conflist"), new byte[(1 << 20) + 1]);
    assertThatThrownBy(this::current).hasMessageContaining("larger than");
  }
}
