package dev.izolo.network.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CniResultParserTest {
  private static final String FULL =
      """
      {"cniVersion": "1.1.0",
       "interfaces": [{"name": "br0", "mac": "02:00:00:00:00:01"},
                      {"name": "eth0", "mac": "02:00:00:00:00:02", "mtu": 1450, "sandbox": "/run/netns/x"}],
       "ips": [{"address": "10.1.0.2/16", "gateway": "10.1.0.1", "interface": 1},
               {"address": "fd00::2/64", "interface": 1},
               {"address": "10.1.0.1/16", "interface": 0}],
       "routes": [{"dst": "0.0.0.0/0", "gw": "10.1.0.1"}, {"dst": "::/0"}],
       "dns": {"nameservers": ["10.1.0.53"], "domain": "a.example", "search": ["b.example"], "options": ["ndots:5"]},
       "unknown": {"kept": true}}
      """;

  private static CniResult parse(String json) throws IOException {
    return CniResultParser.parse(json.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void readsAFullResultAndKeepsItAsWritten() throws Exception {
    CniResult result = parse(FULL);
    assertThat(result.interfaces().get(1)).isEqualTo(
        new CniResult.Interface("eth0", "02:00:00:00:00:02", "/run/netns/x"));
    assertThat(result.addressesOf("eth0")).extracting(cidr -> cidr.address().getHostAddress())
        .containsExactly("10.1.0.2", "fd00:0:0:0:0:0:0:2");
    assertThat(result.routes()).extracting(CniResult.Route::gateway).containsExactly("10.1.0.1", "");
    assertThat(result.dns().search()).containsExactly("b.example");
    assertThat(result.raw().at("/unknown/kept").booleanValue()).isTrue();
  }

  @Test
  void readsTheOlderFormWithFamiliesAndNoInterfaceIndex() throws Exception {
    CniResult result = parse("{\"cniVersion\":\"0.3.1\",\"ips\":[{\"version\":\"4\",\"address\":\"10.1.0.2/16\"}]}");
    assertThat(result.addressesOf("eth0")).hasSize(1);
  }

  @Test
  void anEmptyResultIsOne() throws Exception {
    CniResult result = parse("{\"ips\": null, \"dns\": null}");
    assertThat(result.ips()).isEmpty();
    assertThat(result.dns().nameservers()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"ips\":[{\"address\":\"10.1.0.2\"}]}|ips[0].address",
        "{\"ips\":[{\"address\":\"10.1.0.2/64\"}]}|ips[0].address",
        "{\"ips\":[{\"address\":\"10.1.0.2/16\",\"gateway\":\"gw.example\"}]}|ips[0].gateway",
        "{\"ips\":[{\"address\":\"10.1.0.2/16\",\"interface\":0}]}|ips[0].interface",
        "{\"ips\":[{\"address\":\"10.1.0.2/16\",\"interface\":-1}]}|ips[0].interface",
        "{\"ips\":[{\"address\":\"10.1.0.2/16\",\"interface\":\"x\"}]}|ips[0].interface",
        "{\"ips\":[7]}|ips[0]",
        "{\"ips\":{}}|ips",
        "{\"interfaces\":[{\"name\":[]}]}|interfaces[0].name",
        "{\"interfaces\":[{\"name\":\"eth0\",\"mac\":\"no\"}]}|interfaces[0].mac",
        "{\"routes\":[{}]}|routes[0].dst",
        "{\"dns\":[]}|dns",
        "{\"dns\":{\"nameservers\":[\"8.8.8.8 \\n\"]}}|dns.nameservers",
        "{\"dns\":{\"search\":[\"a b\"]}}|dns.search[0]",
        "{\"dns\":{\"options\":[7]}}|dns.options[0]",
        "[]|not a JSON object",
        "|not",
        "{\"ips\":[],\"ips\":[]}|not valid JSON",
        "{} {}|not valid JSON",
        "hello|not valid JSON",
      })
  void namesTheMemberThatIsWrong(String json, String member) {
    assertThatThrownBy(() -> parse(json == null ? "" : json))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(member);
  }

  @Test
  void boundsWhatAPluginMaySay() {
    String many = "{\"routes\":[" + "{\"dst\":\"10.0.0.0/8\"},".repeat(1024) + "{\"dst\":\"10.0.0.0/8\"}]}";
    assertThatThrownBy(() -> parse(many)).hasMessageContaining("more than 1024");
    assertThatThrownBy(() -> parse("[".repeat(100_000))).isInstanceOf(IOException.class);
  }

  @Test
  void brokenResultsAreRefusedOrReadButNeverEscapeAsAnotherFailure() {
    byte[] whole = FULL.getBytes(StandardCharsets.UTF_8);
    Random random = new Random(42);
    for (int i = 0; i < 5_000; i++) {
      byte[] broken = whole.clone();
      for (int changes = random.nextInt(4) + 1; changes > 0; changes--) {
        broken[random.nextInt(broken.length)] = (byte) random.nextInt(256);
      }
      int length = random.nextInt(8) == 0 ? random.nextInt(broken.length) : broken.length;
      try {
        CniResultParser.parse(java.util.Arrays.copyOf(broken, length)).addressesOf("eth0");
      } catch (IOException refused) {
        assertThat(refused.getMessage()).isNotBlank();
      }
    }
  }
}
