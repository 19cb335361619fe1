package dev.izolo.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HotplugTest {
  private static final long BLOCK = 128L << 20;

  @TempDir Path system;

  @BeforeEach
  void twoBlocksAndOneProcessor() throws IOException {
    Files.createDirectories(system.resolve("cpu/cpu0"));
    write("cpu/online", "0\n");
    write("memory/block_size_bytes", "8000000\n");
    write("memory/memory0/online", "1\n");
    write("memory/memory1/online", "1\n");
  }

  @Test
  void answersAtOnceWhenThereIsEnough() throws IOException {
    var answer = new Hotplug(system).await(1, 2 * BLOCK, () -> true);

    assertThat(answer.getCpus()).isEqualTo(1);
    assertThat(answer.getMemoryBytes()).isEqualTo(2 * BLOCK);
  }

  @Test
  void bringsNewProcessorsOnlineAndWaitsForTheRest() throws IOException {
    var looks = new AtomicInteger();

    var answer =
        new Hotplug(system)
            .await(
                3,
                3 * BLOCK,
                () -> {
                  switch (looks.incrementAndGet()) {
                    case 1 -> write("cpu/cpu2/online", "0\n");
                    case 2 -> {
                      assertThat(read("cpu/cpu2/online")).isEqualTo("1");
                      write("cpu/online", "0-2\n");
                    }
                    case 3 -> write("memory/memory32/online", "0\n");
                    default -> write("memory/memory32/online", "1\n");
                  }
                  return false;
                });

    assertThat(answer.getCpus()).isEqualTo(3);
    assertThat(answer.getMemoryBytes()).isEqualTo(3 * BLOCK);
  }

  @Test
  void givesUpWhenTheCallerHas() {
    assertThatThrownBy(() -> new Hotplug(system).await(2, BLOCK, () -> true))
        .isInstanceOf(AgentException.Refused.class)
        .hasMessageContaining("1 processors");
  }

  @Test
  void countsListsOfProcessors() {
    assertThat(Hotplug.count("0")).isEqualTo(1);
    assertThat(Hotplug.count("0-3,6,8-9")).isEqualTo(7);
  }

  private void write(String file, String text) {
    try {
      Path path = system.resolve(file);
      Files.createDirectories(path.getParent());
      Files.writeString(path, text);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private String read(String file) {
    try {
      return Files.readString(system.resolve(file));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
