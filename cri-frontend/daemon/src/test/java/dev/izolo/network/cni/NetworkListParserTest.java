package dev.izolo.network.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.network.cni.CniException.BadConfiguration;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NetworkListParserTest {
  private static NetworkList parse(String json) throws BadConfiguration {
    return NetworkListParser.parseList("10-x.conflist", json.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void readsAList() throws Exception {
    NetworkList list =
        parse(
            """
            {"cniVersion": "1.0.0", "name": "pods", "plugins": [
              {"type": "bridge", "bridge": "b0"},
              {"type": "portmap", "capabilities": {"portMappings": true, "other": false}}]}
            """);
    assertThat(list.name()).isEqualTo("pods");
    assertThat(list.version()).isEqualTo(CniVersion.V1_0_0);
    assertThat(list.plugins()).extracting(NetworkList.Plugin::type).containsExactly("bridge", "portmap");
    assertThat(list.has("portMappings")).isTrue();
    assertThat(list.has("other")).isFalse();
  }

  @Test
  void takesTheNewestVersionThatBothSpeak() throws Exception {
    String plugins = "\"name\": \"n\", \"plugins\": [{\"type\": \"t\"}]}";
    assertThat(parse("{\"cniVersion\": \"0.4.0\", \"cniVersions\": [\"1.0.0\", \"9.0.0\"]," + plugins).version())
        .isEqualTo(CniVersion.V1_0_0);
    assertThat(parse("{\"cniVersions\": [\"1.1.0\"]," + plugins).version().hasStatus()).isTrue();
  }

  @Test
  void whatIsKeptOnDiskReadsBackTheSame() throws Exception {
    NetworkList list = parse("{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"t\",\"x\":[1,{}]}]}");
    NetworkList again = NetworkListParser.parseList("10-x.conflist", Json.bytes(list.toJson()));
    assertThat(again).isEqualTo(list);
  }

  @Test
  void aSinglePluginIsAListOfOne() throws Exception {
    String json = "{\"cniVersion\": \"0.3.1\", \"name\": \"n\", \"type\": \"bridge\"}";
    NetworkList list = NetworkListParser.parseSingle("x.conf", json.getBytes(StandardCharsets.UTF_8));
    assertThat(list.plugins()).hasSize(1);
    assertThat(list.version().deleteTakesResult()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}|name",
        "{\"name\":7}|name",
        "{\"name\":\"a/b\"}|name",
        "{\"name\":\"n\"}|cniVersion",
        "{\"name\":\"n\",\"cniVersion\":\"0.2.0\"}|'0.2.0' is not supported",
        "{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"cniVersions\":\"1.0.0\"}|cniVersions",
        "{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"cniVersions\":[1]}|cniVersions[0]",
        "{\"name\":\"n\",\"cniVersion\":\"1.0.0\"}|plugins",
        "{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[]}|plugins",
        "{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[7]}|plugins[0]",
        "{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"a\"},{}]}|plugins[1].type",
        "{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"../a\"}]}|plugins[0].type",
        "{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"a\",\"capabilities\":[]}]}|plugins[0].cap",
        "{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"a\",\"capabilities\":{\"x\":1}}]}|abilities.x",
        "{\"name\":\"n\",\"name\":\"m\"}|not valid JSON",
        "{\"name\":|not valid JSON",
        "7|not a JSON object",
      })
  void errorsNameTheFileAndTheMember(String json, String words) {
    assertThatThrownBy(() -> parse(json))
        .isInstanceOf(BadConfiguration.class)
        .hasMessageContaining("10-x.conflist")
        .hasMessageContaining(words);
  }

  @Test
  void aListInAFileForOnePluginIsExplained() {
    String json = "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"t\"}]}";
    assertThatThrownBy(() -> NetworkListParser.parseSingle("x.conf", json.getBytes(StandardCharsets.UTF_8)))
        .hasMessageContaining(".conflist");
  }

  @Test
  void tooManyPluginsAreRefused() {
    String plugin = "{\"type\":\"t\"}";
    String json =
        "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[" + (plugin + ",").repeat(64) + plugin + "]}";
    assertThatThrownBy(() -> parse(json)).hasMessageContaining("more than 64");
  }
}
