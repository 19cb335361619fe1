package dev.izolo.network.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.network.link.NamespaceState.Route;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class NamespaceReaderTest {
  private static final String LINK =
      """
      [{"ifname":"lo","address":"00:00:00:00:00:00","mtu":65536,"addr_info":[
         {"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host"}]},
       {"ifname":"eth0","address":"02:00:00:00:00:02","mtu":1450,"addr_info":[%s]}]
      """;
  private static final String V4 = "{\"family\":\"inet\",\"local\":\"10.1.0.2\",\"prefixlen\":24,\"scope\":\"global\"}";
  private static final String V6 =
      "{\"family\":\"inet6\",\"local\":\"fd00::2\",\"prefixlen\":64,\"scope\":\"global\"},"
          + "{\"family\":\"inet6\",\"local\":\"fe80::2\",\"prefixlen\":64,\"scope\":\"link\"}";

  private static Optional<NamespaceState> read(String addresses, String... routes) throws IOException {
    String json = LINK.formatted(addresses) + "[" + String.join(",", routes) + "]\n";
    return NamespaceReader.read(json.getBytes(StandardCharsets.UTF_8), "eth0");
  }

  private static String route(String dst, String rest) {
    return "{\"type\":\"unicast\",\"dst\":\"%s\",\"dev\":\"eth0\",\"table\":\"main\",%s}".formatted(dst, rest);
  }

  private static String kernel(String dst) {
    return route(dst, "\"protocol\":\"kernel\",\"scope\":\"link\",\"flags\":[]");
  }

  @Test
  void givesGlobalAddressesAndTheRoutesThatTheyDoNotBringThemselves() throws Exception {
    NamespaceState state =
        read(
                V4 + "," + V6,
                route("default", "\"gateway\":\"10.1.0.1\",\"flags\":[]"),
                kernel("10.1.0.0/24"),
                "{\"type\":\"local\",\"dst\":\"10.1.0.2\",\"dev\":\"eth0\",\"table\":\"local\",\"protocol\":\"kernel\"}",
                kernel("fd00::/64"),
                kernel("fe80::/64"),
                route("default", "\"gateway\":\"fd00::1\",\"metric\":1024,\"pref\":\"medium\",\"flags\":[]"),
                "{\"type\":\"multicast\",\"dst\":\"ff00::/8\",\"dev\":\"eth0\",\"table\":\"local\"}",
                "{\"type\":\"unicast\",\"dst\":\"10.9.0.0/16\",\"dev\":\"other\",\"table\":\"main\"}",
                "{\"type\":\"unicast\",\"dst\":\"10.8.0.0/16\",\"dev\":\"eth0\",\"table\":\"100\"}",
                "{\"type\":\"blackhole\",\"dst\":\"10.7.0.0/16\",\"dev\":\"eth0\",\"table\":\"main\"}")
            .orElseThrow();
    assertThat(state.mac()).isEqualTo("02:00:00:00:00:02");
    assertThat(state.mtu()).isEqualTo(1450);
    assertThat(state.addresses()).containsExactly("10.1.0.2/24", "fd00::2/64");
    assertThat(state.routes())
        .containsExactly(new Route("", "10.1.0.1", 0, false), new Route("", "fd00::1", 0, true));
  }

  @Test
  void anAddressWithoutItsPrefixRouteIsAHosts() throws Exception {
    NamespaceState state =
        read(
                V4 + ",{\"family\":\"inet6\",\"local\":\"fd00::2\",\"prefixlen\":64,\"scope\":\"global\"}",
                route("default", "\"gateway\":\"10.1.0.1\""),
                route("10.1.0.0/24", "\"gateway\":\"10.1.0.1\""),
                route("10.1.0.1", "\"protocol\":\"boot\",\"scope\":\"link\""))
            .orElseThrow();
    assertThat(state.addresses()).containsExactly("10.1.0.2/32", "fd00::2/128");
    assertThat(state.routes())
        .containsExactly(
            new Route("10.1.0.1/32", "", 0, false),
            new Route("10.1.0.0/24", "10.1.0.1", 0, false),
            new Route("", "10.1.0.1", 0, false));
  }

  @Test
  void aPeersAddressIsReachedOverTheLink() throws Exception {
    NamespaceState state =
        read(
                "{\"family\":\"inet\",\"local\":\"10.1.0.2\",\"address\":\"10.1.0.1\",\"prefixlen\":32,"
                    + "\"scope\":\"global\"}",
                kernel("10.1.0.1"))
            .orElseThrow();
    assertThat(state.addresses()).containsExactly("10.1.0.2/32");
    assertThat(state.routes()).containsExactly(new Route("10.1.0.1/32", "", 0, false));
  }

  @Test
  void anOnlinkGatewayGetsARouteOfItsOwn() throws Exception {
    NamespaceState state =
        read(
                "{\"family\":\"inet\",\"local\":\"10.1.0.2\",\"prefixlen\":32,\"scope\":\"global\"}",
                route("default", "\"gateway\":\"169.254.1.1\",\"flags\":[\"onlink\"]"))
            .orElseThrow();
    assertThat(state.routes())
        .containsExactly(new Route("169.254.1.1/32", "", 0, false), new Route("", "169.254.1.1", 0, false));
  }

  @Test
  void theBestOfSeveralRoutesIsTakenWithItsMtu() throws Exception {
    NamespaceState state =
        read(
                V4,
                kernel("10.1.0.0/24"),
                route("default", "\"gateway\":\"10.1.0.9\",\"metric\":200"),
                route("default", "\"gateway\":\"10.1.0.1\",\"metric\":100,\"metrics\":[{\"mtu\":1400}]"),
                "{\"type\":\"unicast\",\"dst\":\"10.5.0.0/16\",\"table\":\"main\",\"nexthops\":["
                    + "{\"gateway\":\"10.1.0.7\",\"dev\":\"eth0\",\"flags\":[]},"
                    + "{\"gateway\":\"10.1.0.8\",\"dev\":\"eth0\"}]}")
            .orElseThrow();
    assertThat(state.routes())
        .containsExactly(
            new Route("10.5.0.0/16", "10.1.0.7", 0, false), new Route("", "10.1.0.1", 1400, false));
  }

  @Test
  void aDefaultRouteOverTheLinkKeepsItsFamily() throws Exception {
    NamespaceState state =
        read(V4, kernel("10.1.0.0/24"), route("default", "\"scope\":\"link\""),
                route("default", "\"metric\":1024,\"pref\":\"medium\""))
            .orElseThrow();
    assertThat(state.routes()).containsExactly(new Route("", "", 0, false), new Route("", "", 0, true));
  }

  @Test
  void aGatewayOfTheOtherFamilyIsRefusedAndNotLost() {
    assertThatThrownBy(
            () -> read(V4, route("default", "\"via\":{\"family\":\"inet6\",\"host\":\"fe80::1\"}")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("other address family");
  }

  @Test
  void anAbsentInterfaceIsNone() throws Exception {
    assertThat(NamespaceReader.read("[]\n[]".getBytes(StandardCharsets.UTF_8), "eth0")).isEmpty();
  }

  @Test
  void whatIproute2DoesNotPrintIsRefused() {
    for (String text : new String[] {"", "[]", "[] {}", "[] [] []", "nonsense"}) {
      assertThatThrownBy(() -> NamespaceReader.read(text.getBytes(StandardCharsets.UTF_8), "eth0"))
          .isInstanceOf(IOException.class);
    }
    assertThatThrownBy(() -> read("{\"local\":\"x\",\"prefixlen\":24,\"scope\":\"global\"}"))
        .isInstanceOf(IOException.class);
  }
}
