package dev.izolo.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnitsTest {
  @Test
  void sizesHaveBinaryUnits() {
    assertThat(ByteSize.parse("0").bytes()).isZero();
    assertThat(ByteSize.parse("17").bytes()).isEqualTo(17);
    assertThat(ByteSize.parse("4Ki").bytes()).isEqualTo(4096);
    assertThat(ByteSize.parse("1Ti").bytes()).isEqualTo(1L << 40);
    assertThat(new ByteSize((1 << 20) + 1).mib()).isEqualTo(2);
    assertThat(ByteSize.ofMib(2048)).hasToString("2Gi");
    assertThat(new ByteSize(1000)).hasToString("1000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Mi", "-1", "1.5Gi", "1 Gi", "1GiB", "1G", "9999999999Ti", "99999999999999999999"})
  void whatIsNoSizeIsRefused(String text) {
    assertThatThrownBy(() -> ByteSize.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void durationsReadAsTheyAreWritten() {
    for (Duration duration : List.of(Duration.ofMillis(1), Duration.ofSeconds(59), Duration.ofMinutes(61),
        Duration.ofHours(2), Duration.ZERO)) {
      assertThat(Durations.parse(Durations.format(duration))).isEqualTo(duration);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1", "s", "-1s", "1 s", "1d", "1.5s", "9999999999s"})
  void whatIsNoDurationIsRefused(String text) {
    assertThatThrownBy(() -> Durations.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void findsTheNearestWordOrNone() {
    List<String> known = List.of("state_dir", "run_dir", "listen");
    assertThat(NearestWord.find("statedir", known)).contains("state_dir");
    assertThat(NearestWord.find("lisen", known)).contains("listen");
    assertThat(NearestWord.find("password", known)).isEmpty();
    assertThat(NearestWord.distance("", "abc")).isEqualTo(3);
    assertThat(NearestWord.distance("kitten", "sitting")).isEqualTo(3);
  }

  @Test
  void socketsAreAbsolutePathsThatTheKernelCanTake() {
    assertThat(SocketAddresses.path("unix:///run/x.sock")).isEqualTo(Path.of("/run/x.sock"));
    assertThat(SocketAddresses.path("/run/x.sock")).isEqualTo(Path.of("/run/x.sock"));
    for (String bad : List.of("", "unix://", "unix://x", "tcp://1", "unix:///", "/" + "a".repeat(107))) {
      assertThatThrownBy(() -> SocketAddresses.path(bad)).as(bad).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void artefactsAreWhatTheLauncherNames() {
    Artefacts artefacts = Artefacts.from(Map.of("izolo.kernel", "/k", "izolo.rootfs", " ", "izolo.version", "1.2.3"));
    assertThat(artefacts.kernel()).contains(Path.of("/k"));
    assertThat(artefacts.rootfs()).isEmpty();
    assertThat(artefacts.version()).isEqualTo("1.2.3");
  }
}
