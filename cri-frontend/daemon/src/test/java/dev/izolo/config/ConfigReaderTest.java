package dev.izolo.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import dev.izolo.config.IzoloConfig.AcceleratorChoice;
import dev.izolo.config.IzoloConfig.OciRuntime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigReaderTest {
  static String sample() throws IOException {
    try (var in = ConfigReader.class.getResourceAsStream("/config.sample.toml")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static IzoloConfig parse(String text) throws ConfigException {
    return ConfigReader.parse("test.toml", text, Map.of());
  }

  @Test
  void theSampleIsTheDefaults() throws Exception {
    assertThat(parse(sample())).isEqualTo(IzoloConfig.defaults());
  }

  /** A key that the sample lacked could be misspelt here without notice: so every key must be refused when doubled. */
  @Test
  void theSampleHoldsEveryKey() throws Exception {
    JsonNode sample = new TomlMapper().readTree(sample());
    for (String table : new String[] {"", "hypervisor", "sandbox", "template", "pool", "image", "network", "stats", "log"}) {
      JsonNode node = table.isEmpty() ? sample : sample.get(table);
      String known = knownKeys(table);
      assertThat(known.split(", ")).allSatisfy(key -> assertThat(node.has(key)).as(table + "." + key).isTrue());
    }
    assertThat(knownKeys("runtime_handlers.izolo").split(", "))
        .allSatisfy(key -> assertThat(sample.at("/runtime_handlers/izolo").has(key)).as(key).isTrue());
  }

  /** A key unlike any known one is answered with the list of those known. */
  private static String knownKeys(String table) {
    String text = (table.isEmpty() ? "" : "[" + table + "]\n") + "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz = 1\n";
    try {
      parse(text);
    } catch (ConfigException e) {
      return e.getMessage().substring(e.getMessage().indexOf("known here: ") + "known here: ".length());
    }
    throw new AssertionError("an unknown key was taken in [" + table + "]");
  }

  @Test
  void readsWhatIsSetAndKeepsTheRest() throws Exception {
    IzoloConfig config = parse("""
        run_dir = "/run/other"
        [hypervisor]
        accelerator = "tcg"
        [sandbox]
        memory = "1Gi"
        boot_timeout = "90s"
        [runtime_handlers.fast]
        oci_runtime = "crun"
        vcpus = 2
        memory = "512Mi"
        start = "template"
        pool_size = 0
        [template]
        share_memory = false
        [pool]
        size = 3
        max_memory = "1Gi"
        [image]
        min_free_space = "2Gi"
        registry_timeout = "5s"
        registry_attempts = 2
        """);
    assertThat(config.listen()).isEqualTo(Path.of("/run/other/izolo.sock"));
    assertThat(config.stateDir()).isEqualTo(Path.of("/var/lib/izolo"));
    assertThat(config.hypervisor().accelerator()).isEqualTo(AcceleratorChoice.TCG);
    assertThat(config.sandbox().memory().mib()).isEqualTo(1024);
    assertThat(config.sandbox().bootTimeout()).isEqualTo(Duration.ofSeconds(90));
    assertThat(config.runtimeHandlers()).containsOnlyKeys("izolo", "izolo-crun", "fast");
    assertThat(config.runtimeHandlers().get("fast")).isEqualTo(
        new IzoloConfig.RuntimeHandler(OciRuntime.CRUN, Optional.of(2), Optional.of(ByteSize.ofMib(512)),
            IzoloConfig.StartChoice.TEMPLATE, Optional.of(0)));
    assertThat(config.template()).isEqualTo(new IzoloConfig.Template(true, false));
    assertThat(config.pool()).isEqualTo(new IzoloConfig.Pool(3, ByteSize.ofGib(1)));
    assertThat(config.image()).isEqualTo(new IzoloConfig.Image(List.of(), Path.of("/etc/izolo/hosts.d"), 3,
        ByteSize.ofGib(64), 1_000_000, ByteSize.ofGib(2), Duration.ofSeconds(5), 2));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
      stat_dir = "/x"                            | test.toml:1: "stat_dir" is not a key that Izolo knows; did you mean "state_dir"?
      [hypervisor];acelerator = "kvm"            | test.toml:2: "hypervisor.acelerator" is not a key that Izolo knows; did you mean "accelerator"?
      [template];enabled = 1                     | test.toml:2: "template.enabled" must be true or false, without quotes
      [netwrk]                                   | test.toml:1: "netwrk" is not a key that Izolo knows; did you mean "network"?
      [runtime_handlers.x];oci_runtim = "runc"   | test.toml:2: "runtime_handlers.x.oci_runtim" is not a key that Izolo knows; did you mean "oci_runtime"?
      [log];level = "loud"                       | test.toml:2: "log.level" is "loud", but must be one of "error", "warn", "info", "debug"
      [sandbox];vcpus = "2"                      | test.toml:2: "sandbox.vcpus" must be a whole number from 1 to 255, without quotes
      [sandbox];vcpus = 0                        | test.toml:2: "sandbox.vcpus" is 0, but must be from 1 to 255
      [sandbox];memory = 256                     | test.toml:2: "sandbox.memory" must be a string in quotes
      [sandbox];memory = "256MB"                 | test.toml:2: "sandbox.memory" is wrong: "256MB" is not a size
      [sandbox];memory = "1Mi"                   | test.toml:2: "sandbox.memory" is 1Mi, but must be from 128Mi to 4Ti
      [sandbox];boot_timeout = "soon"            | test.toml:2: "sandbox.boot_timeout" is wrong: "soon" is not a duration
      [sandbox];boot_timeout = "2h"              | test.toml:2: "sandbox.boot_timeout" is 2h, but must be from 1s to 1h
      sandbox = 3                                | test.toml:1: "sandbox" must be a table: write [sandbox]
      state_dir = "relative"                     | test.toml:1: "state_dir" is wrong: "relative" is not an absolute path
      listen = "tcp://0.0.0.0:1"                 | test.toml:1: "listen" is wrong: "tcp://0.0.0.0:1" is not a unix socket's address
      default_runtime_handler = "kata"           | test.toml:1: "default_runtime_handler" is "kata", but the handlers are izolo, izolo-crun
      [runtime_handlers.Bad_Name]                | "runtime_handlers.Bad_Name" is no name for a runtime handler
      [image];plain_http_hosts = "a"             | "image.plain_http_hosts" must be a list of strings
      [image];plain_http_hosts = [1]             | "image.plain_http_hosts" must hold strings in quotes only
      [image];min_free_space = "-1"              | test.toml:2: "image.min_free_space" is wrong: "-1" is not a size
      [image];registry_timeout = "10ms"          | test.toml:2: "image.registry_timeout" is 10ms, but must be from 1s to 1h
      [image];registry_attempts = 0              | test.toml:2: "image.registry_attempts" is 0, but must be from 1 to 20
      [hypervisor];uid_min = 2000;uid_max = 1000 | "hypervisor.uid_min" is greater than uid_max
      [sandbox                                   | test.toml:1: not valid TOML
      """)
  void namesTheLineAndTheCure(String text, String message) {
    assertThatThrownBy(() -> parse(text.replace(';', '\n')))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @Test
  void theEnvironmentMovesTheDirectories() throws Exception {
    IzoloConfig config = ConfigReader.parse("t", "state_dir = \"/a\"",
        Map.of("IZOLO_STATE_DIR", "/b", "IZOLO_RUN_DIR", "/c"));
    assertThat(config.stateDir()).isEqualTo(Path.of("/b"));
    assertThat(config.listen()).isEqualTo(Path.of("/c/izolo.sock"));
    assertThatThrownBy(() -> ConfigReader.parse("t", "", Map.of("IZOLO_RUN_DIR", "x")))
        .hasMessage("environment: IZOLO_RUN_DIR is \"x\", but must be an absolute path");
  }

  @Test
  void aNamedFileMustExist(@TempDir Path dir) {
    assertThatThrownBy(() -> ConfigReader.load(Optional.of(dir.resolve("no.toml")), Map.of()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void anUnreadableFileIsSaidToBeSo(@TempDir Path dir) throws Exception {
    Path binary = Files.write(dir.resolve("b.toml"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    assertThatThrownBy(() -> ConfigReader.load(Optional.of(binary), Map.of())).hasMessageContaining("not UTF-8");
    assertThatThrownBy(() -> ConfigReader.load(Optional.of(dir), Map.of())).hasMessageContaining("cannot be read");
  }

  @Test
  void garbageIsAnErrorNeverACrash() throws IOException {
    Random random = new Random(42);
    String sample = sample();
    for (int round = 0; round < 300; round++) {
      StringBuilder text = new StringBuilder(sample);
      for (int edit = 0; edit < 5; edit++) {
        int at = random.nextInt(text.length());
        text.setCharAt(at, (char) (32 + random.nextInt(95)));
      }
      try {
        assertThat(parse(text.toString())).isNotNull();
      } catch (ConfigException e) {
        assertThat(e.getMessage()).startsWith("test.toml");
      }
    }
  }
}
