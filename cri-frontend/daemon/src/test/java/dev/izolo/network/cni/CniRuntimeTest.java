package dev.izolo.network.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.network.cni.CniException.BadConfiguration;
import dev.izolo.network.cni.CniException.PluginFailed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The protocol against plugins that are shell scripts. Each logs its call and keeps its input and environment. */
@Timeout(60)
final class CniRuntimeTest {
  private static final String RESULT = "{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.0.0.%d/24\"}]}";

  @TempDir Path directory;
  private CniRuntime runtime;

  @BeforeEach
  void create() {
    runtime = new CniRuntime(List.of(directory.resolve("none"), directory), Duration.ofSeconds(20));
  }

  private void plugin(String name, String body) throws IOException {
    Path file = directory.resolve(name);
    Files.writeString(
        file,
        """
        #!/bin/sh
        cd '%s'
        echo "%s $CNI_COMMAND" >> calls
        cat > %s.$CNI_COMMAND.stdin
        env | grep ^CNI_ > %s.$CNI_COMMAND.env
        %s
        """
            .formatted(directory, name, name, name, body));
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private NetworkList list(String version, String... plugins) throws BadConfiguration {
    String json =
        "{\"cniVersion\":\"%s\",\"name\":\"pods\",\"plugins\":[%s]}".formatted(version, String.join(",", plugins));
    return NetworkListParser.parseList("10-pods.conflist", json.getBytes(StandardCharsets.UTF_8));
  }

  private static CniCall call() throws IOException {
    ObjectNode capabilityArgs =
        Json.object("{\"portMappings\":[{\"hostPort\":80}],\"bandwidth\":{\"ingressRate\":1}}".getBytes());
    return new CniCall(
        "abc", "/run/netns/izolo-abc", "eth0", Map.of("K8S_POD_NAME", "web"), capabilityArgs);
  }

  private JsonNode stdin(String plugin, String command) throws IOException {
    return Json.object(Files.readAllBytes(directory.resolve("%s.%s.stdin".formatted(plugin, command))));
  }

  private List<String> calls() throws IOException {
    return Files.readAllLines(directory.resolve("calls"));
  }

  @Test
  void addRunsTheChainEachWithTheResultBefore() throws Exception {
    plugin("one", "echo '%s'".formatted(RESULT.formatted(1)));
    plugin("two", "echo '%s'".formatted(RESULT.formatted(2)));
    CniResult result =
        runtime.add(
            list(
                "1.0.0", "{\"type\":\"one\",\"mine\":true}",
                "{\"type\":\"two\",\"capabilities\":{\"portMappings\":true,\"ipRanges\":true}}"),
            call());
    assertThat(result.ips().getFirst().address().address().getHostAddress()).isEqualTo("10.0.0.2");
    assertThat(calls()).containsExactly("one ADD", "two ADD");
    JsonNode first = stdin("one", "ADD");
    assertThat(first.path("name").asText()).isEqualTo("pods");
    assertThat(first.path("cniVersion").asText()).isEqualTo("1.0.0");
    assertThat(first.path("mine").asBoolean()).isTrue();
    assertThat(first.has("prevResult")).isFalse();
    assertThat(first.has("runtimeConfig")).isFalse();
    JsonNode second = stdin("two", "ADD");
    assertThat(second.at("/prevResult/ips/0/address").asText()).isEqualTo("10.0.0.1/24");
    assertThat(second.at("/runtimeConfig/portMappings/0/hostPort").asInt()).isEqualTo(80);
    assertThat(second.path("runtimeConfig").has("bandwidth")).as("not declared").isFalse();
    assertThat(second.has("capabilities")).isFalse();
    assertThat(Files.readAllLines(directory.resolve("one.ADD.env")))
        .containsExactlyInAnyOrder(
            "CNI_COMMAND=ADD", "CNI_CONTAINERID=abc", "CNI_NETNS=/run/netns/izolo-abc", "CNI_IFNAME=eth0",
            "CNI_ARGS=K8S_POD_NAME=web", "CNI_PATH=" + directory.resolve("none") + ":" + directory);
  }

  @Test
  void deleteRunsTheChainBackwardsWithTheResultOfAdd() throws Exception {
    plugin("one", "");
    plugin("two", "");
    NetworkList list = list("1.0.0", "{\"type\":\"one\"}", "{\"type\":\"two\"}");
    runtime.delete(list, call().withNamespace(""), Optional.of(Json.object(RESULT.formatted(2).getBytes())));
    assertThat(calls()).containsExactly("two DEL", "one DEL");
    assertThat(stdin("one", "DEL").at("/prevResult/ips/0/address").asText()).isEqualTo("10.0.0.2/24");
    assertThat(Files.readAllLines(directory.resolve("one.DEL.env"))).contains("CNI_NETNS=");
  }

  @Test
  void deleteOfAnOldVersionTakesNoResultAndStopsAtTheFirstFailure() throws Exception {
    plugin("one", "");
    plugin("two", "exit 7");
    NetworkList list = list("0.3.1", "{\"type\":\"one\"}", "{\"type\":\"two\"}");
    Optional<ObjectNode> result = Optional.of(Json.object(RESULT.formatted(2).getBytes()));
    assertThatThrownBy(() -> runtime.delete(list, call(), result))
        .isInstanceOf(PluginFailed.class)
        .hasMessageContaining("'two'")
        .hasMessageContaining("exit status 7");
    assertThat(calls()).containsExactly("two DEL");
    assertThat(stdin("two", "DEL").has("prevResult")).isFalse();
  }

  @Test
  void anErrorObjectIsQuotedWithThePluginsName() throws Exception {
    plugin("one", "echo '{\"code\": 11, \"msg\": \"no address left\", \"details\": \"in 10.0.0.0/24\"}'; exit 1");
    assertThatThrownBy(() -> runtime.add(list("1.0.0", "{\"type\":\"one\"}"), call()))
        .isInstanceOfSatisfying(PluginFailed.class, e -> assertThat(e.code()).isEqualTo(11))
        .hasMessage("CNI plugin 'one' of network 'pods' failed ADD: no address left (code 11): in 10.0.0.0/24");
  }

  @Test
  void otherWordsOfAFailedPluginAreQuotedPrintably() throws Exception {
    plugin("one", "printf 'panic:\\033[1m bad\\n' >&2; exit 2");
    assertThatThrownBy(() -> runtime.add(list("1.0.0", "{\"type\":\"one\"}"), call()))
        .hasMessageContaining("exit status 2")
        .hasMessageEndingWith("it said: panic: [1m bad");
  }

  @Test
  void aResultThatIsNoneIsThePluginsFailure() throws Exception {
    plugin("one", "echo hello");
    plugin("two", "exit 0");
    assertThatThrownBy(() -> runtime.add(list("1.0.0", "{\"type\":\"one\"}"), call()))
        .isInstanceOf(PluginFailed.class)
        .hasMessageContaining("not valid JSON")
        .hasMessageContaining("it wrote: hello");
    assertThatThrownBy(() -> runtime.add(list("1.0.0", "{\"type\":\"two\"}"), call()))
        .isInstanceOf(PluginFailed.class)
        .hasMessageContaining("it wrote nothing");
  }

  @Test
  void aPluginThatHangsIsKilledInTime() throws Exception {
    CniRuntime impatient = new CniRuntime(List.of(directory), Duration.ofSeconds(1));
    plugin("one", "sleep 600");
    long from = System.nanoTime();
    assertThatThrownBy(() -> impatient.add(list("1.0.0", "{\"type\":\"one\"}"), call()))
        .isInstanceOf(PluginFailed.class)
        .hasMessageContaining("within 1 s");
    assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(15));
  }

  @Test
  void aPluginThatNeverStopsTalkingIsKilled() throws Exception {
    plugin("one", "yes");
    assertThatThrownBy(() -> runtime.add(list("1.0.0", "{\"type\":\"one\"}"), call()))
        .isInstanceOf(PluginFailed.class)
        .hasMessageContaining("more than");
  }

  @Test
  void aMissingPluginIsFoundBeforeAnyRuns() throws Exception {
    plugin("one", "echo '%s'".formatted(RESULT.formatted(1)));
    NetworkList list = list("1.0.0", "{\"type\":\"one\"}", "{\"type\":\"absent\"}");
    assertThatThrownBy(() -> runtime.add(list, call()))
        .isInstanceOf(BadConfiguration.class)
        .hasMessageContaining("'absent'")
        .hasMessageContaining(directory.toString());
    assertThat(directory.resolve("calls")).doesNotExist();
  }

  @Test
  void statusIsAskedOfEveryPluginFromItsVersionOn() throws Exception {
    plugin("one", "");
    plugin("two", "echo '{\"code\": 50, \"msg\": \"agent is down\"}'; exit 1");
    runtime.status(list("1.0.0", "{\"type\":\"two\"}"));
    assertThat(directory.resolve("calls")).doesNotExist();
    assertThatThrownBy(() -> runtime.status(list("1.1.0", "{\"type\":\"one\"}", "{\"type\":\"two\"}")))
        .isInstanceOf(PluginFailed.class)
        .hasMessageContaining("agent is down");
    assertThat(calls()).containsExactly("one STATUS", "two STATUS");
    assertThat(Files.readAllLines(directory.resolve("one.STATUS.env"))).noneMatch(v -> v.startsWith("CNI_NETNS"));
  }

  @Test
  void anArgumentCannotPassItselfOffAsAnother() {
    for (String value : List.of("web;K8S_POD_NAMESPACE=kube-system", "a=b", "a\nb", "x".repeat(600))) {
      assertThatIllegalArgumentException()
          .isThrownBy(
              () -> new CniCall("abc", "", "eth0", Map.of("K8S_POD_NAME", value), Json.MAPPER.createObjectNode()));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new CniCall("../abc", "", "eth0", Map.of(), Json.MAPPER.createObjectNode()));
  }
}
