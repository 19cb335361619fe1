package dev.izolo.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.izolo.network.PodNetworks.PortMapping;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CapabilityArgsTest {
  private static String args(List<PortMapping> ports, Map<String, String> annotations) {
    return CapabilityArgs.of(ports, annotations).toString();
  }

  @Test
  void aPodThatAsksForNothingHasNone() {
    assertThat(args(List.of(), Map.of())).isEqualTo("{}");
    assertThat(args(List.of(new PortMapping("TCP", 80, 0, "")), Map.of())).as("no host port").isEqualTo("{}");
  }

  @Test
  void hostPortsAreGivenInTheConventionsWords() {
    assertThat(args(List.of(new PortMapping("UDP", 53, 5353, "10.0.0.1"), new PortMapping("TCP", 80, 81, "")), Map.of()))
        .isEqualTo(
            "{\"portMappings\":[{\"hostPort\":5353,\"containerPort\":53,\"protocol\":\"udp\",\"hostIP\":\"10.0.0.1\"},"
                + "{\"hostPort\":81,\"containerPort\":80,\"protocol\":\"tcp\"}]}");
  }

  @Test
  void bandwidthComesFromKubernetesAnnotations() {
    var args =
        CapabilityArgs.of(
            List.of(), Map.of("kubernetes.io/ingress-bandwidth", "10M", "kubernetes.io/egress-bandwidth", "1.5Gi"));
    assertThat(args.at("/bandwidth/ingressRate").asLong()).isEqualTo(10_000_000);
    assertThat(args.at("/bandwidth/egressRate").asLong()).isEqualTo(1_610_612_736);
    assertThat(args.at("/bandwidth/ingressBurst").asLong()).isEqualTo(4_294_967_295L);
    assertThat(args.path(CapabilityArgs.POD_ANNOTATIONS).size()).isEqualTo(2);
  }

  @Test
  void whatCannotBeIsRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> args(List.of(new PortMapping("ICMP", 1, 1, "")), Map.of()));
    assertThatIllegalArgumentException().isThrownBy(() -> args(List.of(new PortMapping("TCP", 0, 1, "")), Map.of()));
    assertThatIllegalArgumentException().isThrownBy(() -> args(List.of(new PortMapping("TCP", 1, 70_000, "")), Map.of()));
    assertThatIllegalArgumentException().isThrownBy(() -> args(List.of(new PortMapping("TCP", 1, -1, "")), Map.of()));
    assertThatIllegalArgumentException().isThrownBy(() -> args(List.of(new PortMapping("TCP", 1, 1, "host")), Map.of()));
    for (String rate : List.of("", "fast", "999", "2P", "-1")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> args(List.of(), Map.of("kubernetes.io/egress-bandwidth", rate)))
          .withMessageContaining("egress-bandwidth");
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "10M,10000000", "1Ki,1024", "1.5k,1500", "2e6,2000000", "100m,1", ".5k,500", "3E3,3000", "1E,1000000000000000000"})
  void readsQuantities(String text, long value) {
    assertThat(Quantity.parse(text)).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "M", "1MM", "1 M", "0x10", "-5", "1e999", "99E", "1e99", "∞", "1.2.3"})
  void refusesWhatIsNoQuantity(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> Quantity.parse(text));
  }
}
