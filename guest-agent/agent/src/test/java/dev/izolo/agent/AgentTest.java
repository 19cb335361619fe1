package dev.izolo.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.transport.ListenAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AgentTest {
  private static Set<Path> trainingDirectories() throws Exception {
    try (Stream<Path> files = Files.list(Path.of("/tmp"))) {
      return files.filter(file -> file.getFileName().toString().startsWith("izolo-train-")).collect(Collectors.toSet());
    }
  }

  /** A pod's whole life through the real server, transport and process handling, with a script as the OCI runtime. */
  @Test
  void trainsOnAWholePodsLifeAndLeavesNothing() throws Exception {
    Set<Path> before = trainingDirectories();
    Training.run(System.nanoTime());
    assertThat(before).containsAll(trainingDirectories());
  }

  @Test
  void readsItsCommandLine() {
    assertThat(AgentOptions.parse(new String[0]).listen()).isEqualTo(new ListenAddress.Vsock(1024));
    assertThat(AgentOptions.parse(new String[] {"--port", "7"}).listen()).isEqualTo(new ListenAddress.Vsock(7));
    assertThat(AgentOptions.parse(new String[] {"--unix", "/a"}).listen())
        .isEqualTo(new ListenAddress.Unix(Path.of("/a")));
    assertThat(AgentOptions.parse(new String[] {"--train"}).train()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"--port 0", "--port x", "--port", "--nope", "--train --unix /a"})
  void refusesOtherCommandLines(String line) {
    assertThatThrownBy(() -> AgentOptions.parse(line.split(" "))).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void believesTheInitScriptsClockOnlyWhenPlausible() {
    assertThat(AgentInfo.execNanos("1.25", 5_000_000_000L)).isEqualTo(1_250_000_000L);
    assertThat(AgentInfo.execNanos("9", 5_000_000_000L)).isEqualTo(5_000_000_000L);
    assertThat(AgentInfo.execNanos("x", 5)).isEqualTo(5);
    assertThat(AgentInfo.execNanos(null, 5)).isEqualTo(5);
  }
}
