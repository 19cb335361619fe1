package dev.izolo.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.network.cni.CniResultParser;
import dev.izolo.network.link.NamespaceState;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AttachmentBuilderTest {
  private static final NamespaceState STATE =
      new NamespaceState(
          "02:00:00:00:00:02", 1450, List.of("fd00::2/64", "10.1.0.2/24"),
          List.of(new NamespaceState.Route("", "10.1.0.1", 1400, false)));

  private static PodNetworks.Attachment build(String result) throws Exception {
    return AttachmentBuilder.build(
        "eth0", STATE, CniResultParser.parse(result.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void addressesAreTheNamespacesInTheOrderOfTheResult() throws Exception {
    var attachment =
        build(
            "{\"ips\":[{\"address\":\"10.1.0.2/16\"},{\"address\":\"fd00:0:0:0::2/64\"},{\"address\":\"10.9.9.9/8\"}]}");
    assertThat(attachment.podIps()).containsExactly("10.1.0.2", "fd00::2");
    assertThat(attachment.interfaces())
        .containsExactly(
            new PodNetworks.Interface("eth0", "02:00:00:00:00:02", 1450, List.of("fd00::2/64", "10.1.0.2/24")));
    assertThat(attachment.routes()).containsExactly(new PodNetworks.Route("", "10.1.0.1", "eth0", 1400, false));
  }

  @Test
  void anAddressThatTheResultForgotIsStillThePods() throws Exception {
    assertThat(build("{}").podIps()).containsExactly("fd00::2", "10.1.0.2");
  }

  @Test
  void dnsIsTheResultsAndItsDomainServesAsSearch() throws Exception {
    assertThat(build("{\"dns\":{\"nameservers\":[\"10.1.0.53\"],\"domain\":\"a.example\",\"options\":[\"x\"]}}").dns())
        .isEqualTo(new PodNetworks.Dns(List.of("10.1.0.53"), List.of("a.example"), List.of("x")));
    assertThat(build("{\"dns\":{\"domain\":\"a.example\",\"search\":[\"b.example\"]}}").dns().searches())
        .containsExactly("b.example");
  }
}
