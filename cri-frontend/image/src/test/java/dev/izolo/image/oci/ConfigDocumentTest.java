package dev.izolo.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.image.Digest;
import dev.izolo.image.ImageConfig;
import dev.izolo.image.ImageException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigDocumentTest {
  private static final String WHOLE = """
      {"os":"linux","architecture":"amd64","created":"2026-01-01T00:00:00Z","history":[{"empty_layer":true}],
       "config":{"User":"1:2","Env":["A=b","A=c","novalue",""],"Entrypoint":["/bin/x"],"Cmd":["-a"],"WorkingDir":"/w",
        "StopSignal":"SIGQUIT","Volumes":{"/data":{}},"Labels":{"k":"v","\\u00e9":""},"ExposedPorts":{"80/tcp":{}}},
       "rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}""".formatted("b".repeat(64));

  private static ConfigDocument parse(String text) throws ImageException {
    return ConfigDocument.parse(text.getBytes(StandardCharsets.UTF_8));
  }

  private static ConfigDocument run(String members) throws ImageException {
    return parse("{\"config\":{" + members + "}}");
  }

  @Test
  void readsWhatAContainerNeeds() throws Exception {
    ConfigDocument document = parse(WHOLE);
    ImageConfig config = document.config();
    assertThat(config.user()).isEqualTo("1:2");
    assertThat(config.env()).containsExactly("A=b", "A=c", "novalue", "");
    assertThat(config.entrypoint()).containsExactly("/bin/x");
    assertThat(config.cmd()).containsExactly("-a");
    assertThat(config.workingDir()).isEqualTo("/w");
    assertThat(config.stopSignal()).isEqualTo("SIGQUIT");
    assertThat(config.volumes()).containsExactly("/data");
    assertThat(config.labels()).containsEntry("k", "v").containsEntry("é", "");
    assertThat(document.diffIds()).containsExactly(Digest.parse("sha256:" + "b".repeat(64)));
  }

  @ParameterizedTest
  @ValueSource(strings = {
    "{}", "{\"config\":null,\"rootfs\":null}", "{\"config\":{},\"rootfs\":{}}",
    "{\"config\":{\"Env\":null,\"Cmd\":null,\"Labels\":null,\"Volumes\":null,\"User\":null}}"
  })
  void takesAbsentMembersForEmpty(String text) throws Exception {
    ConfigDocument document = parse(text);
    assertThat(document.diffIds()).isEmpty();
    ImageConfig none = new ImageConfig("", "", "", Collections.emptyList(), Collections.emptyList(),
        Collections.emptyList(), "", "", Collections.emptyList(), Collections.emptyMap());
    assertThat(document.config()).isEqualTo(none);
  }

  @ParameterizedTest
  @ValueSource(strings = {
    "\"Env\":\"A=b\"", "\"Env\":{}", "\"Env\":[1]", "\"Env\":[null]", "\"Env\":[[\"A\"]]", "\"Entrypoint\":\"sh\"",
    "\"Cmd\":true", "\"User\":0", "\"WorkingDir\":[]", "\"StopSignal\":9", "\"Volumes\":[\"/a\"]", "\"Labels\":[]",
    "\"Labels\":{\"a\":1}", "\"Labels\":{\"a\":null}", "\"User\":\"a\\u0000b\"", "\"Env\":[\"A=\\u0000\"]",
    "\"Volumes\":{\"/a\\u0000\":{}}", "\"Env\":[],\"Env\":[]"
  })
  void refusesMembersOfAnotherType(String members) {
    assertThatThrownBy(() -> run(members)).isInstanceOf(ImageException.Corrupt.class);
  }

  @Test
  void refusesStringsAndListsBeyondTheirBounds() throws Exception {
    assertThat(run("\"Env\":[\"" + "x".repeat(131_072) + "\"]").config().env()).hasSize(1);
    for (String member : new String[] {
      "\"Env\":[\"" + "x".repeat(131_073) + "\"]", "\"User\":\"" + "u".repeat(257) + "\"",
      "\"WorkingDir\":\"" + "w".repeat(4097) + "\"", "\"StopSignal\":\"" + "S".repeat(65) + "\"",
      "\"Labels\":{\"a\":\"" + "x".repeat(131_073) + "\"}", "\"Labels\":{\"" + "k".repeat(131_073) + "\":\"\"}",
      "\"Volumes\":{\"/" + "v".repeat(4096) + "\":{}}"
    }) {
      assertThatThrownBy(() -> run(member)).isInstanceOf(ImageException.Corrupt.class);
    }
    String many = "\"\",".repeat(10_000);
    assertThat(run("\"Env\":[" + many.substring(0, many.length() - 1) + "]").config().env()).hasSize(10_000);
    assertThatThrownBy(() -> run("\"Env\":[" + many + "\"\"]")).isInstanceOf(ImageException.Corrupt.class)
        .hasMessageContaining("Env");
  }

  @Test
  void refusesDeepNestingAndDiffIdsThatAreNone() {
    assertThatThrownBy(() -> parse("{\"x\":" + "[".repeat(100_000))).isInstanceOf(ImageException.Corrupt.class);
    for (String diffIds : new String[] {"[\"\"]", "[\"sha256:..\"]", "[\"md5:00\"]", "[1]", "\"sha256:x\"", "{}"}) {
      assertThatThrownBy(() -> parse("{\"rootfs\":{\"diff_ids\":" + diffIds + "}}"))
          .isInstanceOf(ImageException.Corrupt.class);
    }
  }

  /** Else the config kept as text would have another digest than the image's id, and be dropped at the next start. */
  @Test
  void refusesTextThatIsNotUtf8() {
    assertThatThrownBy(() -> ConfigDocument.parse("{\"os\":\"linux\"}".getBytes(StandardCharsets.UTF_16)))
        .isInstanceOf(ImageException.Corrupt.class);
    assertThatThrownBy(() -> ConfigDocument.parse("{\"os\":\"linux\"}".getBytes(StandardCharsets.UTF_16LE)))
        .isInstanceOf(ImageException.Corrupt.class);
    assertThatThrownBy(() -> ConfigDocument.parse("{\"os\":\"é\"}".getBytes(StandardCharsets.ISO_8859_1)))
        .isInstanceOf(ImageException.Corrupt.class).hasMessageContaining("UTF-8");
  }

  @Test
  void damagedDocumentsAreReadOrRefusedNothingElse() {
    Random random = new Random(7);
    byte[] whole = WHOLE.getBytes(StandardCharsets.UTF_8);
    for (int round = 0; round < 5_000; round++) {
      byte[] damaged = whole.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      try {
        assertThat(ConfigDocument.parse(damaged).config().env()).isNotNull();
      } catch (ImageException.Corrupt e) {
        assertThat(e).hasMessageNotContaining("\0");
      } catch (ImageException e) {
        throw new AssertionError("refused as something else than damaged", e);
      }
    }
  }
}
