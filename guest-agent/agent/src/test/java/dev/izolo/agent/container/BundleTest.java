package dev.izolo.agent.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.AgentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BundleTest {
  private static final UserGrammar.Identity APP = new UserGrammar.Identity(1000, 1001, List.of(29L), "/srv/app");

  private static Map<String, Object> complete(String json, UserGrammar.Identity user, String pid) throws IOException {
    Map<String, Object> spec = Json.parseObject(json);
    Bundle.complete(spec, "/r", true, false, user, "/pod/c1", pid);
    return spec;
  }

  @Test
  void fillsInWhatOnlyTheGuestKnowsAndKeepsTheRest() throws IOException {
    Map<String, Object> spec = complete(
        "{\"process\":{\"env\":[\"A=b\"],\"user\":{\"umask\":18}},\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":"
            + "\"/old\"},{\"type\":\"mount\"}]},\"big\":18446744073709551615,\"f\":1.5,\"n\":null,\"t\":true}",
        APP, "/proc/7/ns/pid");
    assertThat(Json.text(spec)).isEqualTo(
        "{\"process\":{\"env\":[\"A=b\",\"HOME=/srv/app\"],\"user\":{\"umask\":18,\"uid\":1000,\"gid\":1001,"
            + "\"additionalGids\":[29]},\"terminal\":false},\"linux\":{\"namespaces\":[{\"type\":\"mount\"},"
            + "{\"type\":\"pid\",\"path\":\"/proc/7/ns/pid\"}],\"cgroupsPath\":\"/pod/c1\"},"
            + "\"big\":18446744073709551615,\"f\":1.5,\"n\":null,\"t\":true,\"root\":{\"path\":\"/r\",\"readonly\":true}}");
  }

  @Test
  void keepsAHomeTheHostHasSetAndDistrustsTheImages() throws IOException {
    assertThat(Json.text(complete("{\"process\":{\"env\":[\"HOME=/x\"]}}", APP, null))).contains("[\"HOME=/x\"]");
    UserGrammar.Identity odd = new UserGrammar.Identity(1, 1, List.of(), "relative");
    assertThat(Json.text(complete("{}", odd, ""))).contains("HOME=/\"").contains("[{\"type\":\"pid\"}]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"root\":[]}", "{\"process\":{\"env\":{}}}", "{\"linux\":3}"})
  void refusesASpecOfAnotherShape(String json) {
    assertThatThrownBy(() -> complete(json, APP, "")).isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{", "{} {}", "{\"a\":}", "nul"})
  void refusesWhatIsNoJsonObject(String json) {
    assertThatThrownBy(() -> Json.parseObject(json)).isInstanceOf(IOException.class);
  }

  @Test
  void anExecsProcessDiffersInArgumentsAndTerminalOnly() throws IOException {
    Map<String, Object> spec = Json.parseObject(
        "{\"process\":{\"args\":[\"a\"],\"cwd\":\"/w\",\"terminal\":false,\"user\":{\"uid\":5}}}");
    assertThat(Json.text(Bundle.execProcess(spec, List.of("b", "c"), true)))
        .isEqualTo("{\"args\":[\"b\",\"c\"],\"cwd\":\"/w\",\"terminal\":true,\"user\":{\"uid\":5}}");
    assertThat(Json.text(spec)).contains("\"args\":[\"a\"]");
  }

  @Test
  void writesTheFileTheRuntimeReads(@TempDir Path directory) throws IOException {
    Json.write(directory.resolve("config.json"), Map.of("k", "ü\u0001"));
    assertThat(Json.parseObject(Files.readString(directory.resolve("config.json")))).containsEntry("k", "ü\u0001");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a/b", "a b", "a\n", "é", "../x", "a+b"})
  void refusesIdsThatAreNoFileNames(String id) {
    assertThatThrownBy(() -> Ids.check("container id", id)).isInstanceOf(AgentException.Invalid.class)
        .hasMessageContaining("container id");
  }

  @Test
  void acceptsIdsUpToTheirLength() {
    assertThat(Ids.check("id", "a".repeat(128))).hasSize(128);
    assertThatThrownBy(() -> Ids.check("id", "a".repeat(129))).isInstanceOf(AgentException.Invalid.class);
  }
}
