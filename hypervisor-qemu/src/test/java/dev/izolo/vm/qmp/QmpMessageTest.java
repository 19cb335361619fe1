package dev.izolo.vm.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QmpMessageTest {
  @Test
  void readsWhatQemuSays() throws Exception {
    assertThat(parse(FakeQemu.GREETING)).isEqualTo(new QmpMessage.Greeting("7.2.22"));
    assertThat(parse("{\"return\": {}, \"id\": 12}")).isInstanceOf(QmpMessage.Return.class);
    assertThat(parse("{\"error\": {\"class\": \"KVMMissingCap\", \"desc\": \"no\"}, \"id\": 9}"))
        .isEqualTo(new QmpMessage.Failure(9, QmpException.ErrorClass.KVM_MISSING_CAP, "no"));
    assertThat(parse("{\"event\": \"STOP\", \"timestamp\": {\"seconds\": 1}}"))
        .isInstanceOfSatisfying(QmpMessage.Event.class, e -> assertThat(e.name()).isEqualTo("STOP"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "null", "[]", "1", "\"x\"", "{}", "{\"event\": 1}", "{\"QMP\": 1}", "{\"error\": 1}", "{"})
  void refusesEverythingElse(String line) {
    assertThatThrownBy(() -> parse(line)).isInstanceOf(QmpException.Malformed.class);
  }

  @Test
  void hasNoOtherFailureForAnyBytes() {
    var random = new Random(42);
    byte[] valid = FakeQemu.GREETING.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = i % 2 == 0 ? valid.clone() : new byte[random.nextInt(200)];
      if (i % 2 == 0) {
        for (int flips = random.nextInt(4); flips >= 0; flips--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
      } else {
        random.nextBytes(bytes);
      }
      try {
        assertThat(QmpMessage.parse(bytes)).isNotNull();
      } catch (QmpException.Malformed e) {
        assertThat(e).hasMessageStartingWith("QEMU sent");
      }
    }
  }

  @Test
  void boundsHowDeepAnAnswerNests() {
    assertThatThrownBy(() -> parse("{\"return\":".repeat(1) + "[".repeat(100_000)))
        .isInstanceOf(QmpException.Malformed.class);
  }

  @Test
  void writesCommands() {
    assertThat(QmpMessage.command(3, "cont", QmpMessage.arguments())).asString()
        .isEqualTo("{\"execute\":\"cont\",\"id\":3}");
    assertThat(QmpMessage.command(4, "x", QmpMessage.arguments().put("a", "q\"\n"))).asString()
        .isEqualTo("{\"execute\":\"x\",\"arguments\":{\"a\":\"q\\\"\\n\"},\"id\":4}");
  }

  private static QmpMessage parse(String line) throws QmpException {
    return QmpMessage.parse(line.getBytes(StandardCharsets.UTF_8));
  }
}
