package dev.izolo.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.cri.v1.DNSConfig;
import dev.izolo.network.PodNetworks.Dns;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResolvConfTest {
  private static final Dns NONE = new Dns(List.of(), List.of(), List.of());
  private static final String HOST =
      "# comment\nnameserver 127.0.0.53\nnameserver 192.0.2.1\nsearch a.example b.example\noptions ndots:2 edns0\nbad\n";

  @Test
  void thePodsOwnComesFirstThenCnisThenTheHosts() {
    var own = DNSConfig.newBuilder().addServers("10.0.0.10").addSearches("svc").addOptions("ndots:5").build();
    var cni = new Dns(List.of("10.1.1.1"), List.of("cni"), List.of());

    assertThat(ResolvConf.choose(own, cni, HOST).getServersList()).containsExactly("10.0.0.10");
    assertThat(ResolvConf.choose(DNSConfig.getDefaultInstance(), cni, HOST).getServersList())
        .containsExactly("10.1.1.1");
    var host = ResolvConf.choose(DNSConfig.getDefaultInstance(), NONE, HOST);
    assertThat(host.getServersList()).containsExactly("192.0.2.1");
    assertThat(host.getSearchesList()).containsExactly("a.example", "b.example");
    assertThat(host.getOptionsList()).containsExactly("ndots:2", "edns0");
  }
}
