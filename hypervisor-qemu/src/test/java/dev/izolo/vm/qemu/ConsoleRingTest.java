package dev.izolo.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ConsoleRingTest {
  private final ConsoleRing ring = new ConsoleRing();

  @Test
  void keepsTheEndHoweverItIsWritten() {
    var random = new Random(7);
    var all = new ByteArrayOutputStream();
    for (int i = 0; i < 400; i++) {
      String chunk = ("line " + i + "\n").repeat(random.nextInt(80));
      ring.append(chunk.getBytes(StandardCharsets.US_ASCII));
      all.writeBytes(chunk.getBytes(StandardCharsets.US_ASCII));
      String written = all.toString(StandardCharsets.US_ASCII);
      assertThat(ring.text()).isEqualTo(written.substring(Math.max(0, written.length() - ConsoleRing.CAPACITY_BYTES)));
    }
    assertThat(ring.text()).hasSize(ConsoleRing.CAPACITY_BYTES);
  }

  @Test
  void defusesControlCharacters() {
    ring.append("a\u001b[31mred\u0007\r\n\tb\u202ec\0".getBytes(StandardCharsets.UTF_8));
    ring.append(new byte[] {(byte) 0xff, 'd'});

    assertThat(ring.text()).isEqualTo("a?[31mred?\n\tb?c?\ufffdd");
  }

  @Test
  void quotesTheLastLines() {
    assertThat(ring.lastLines(20)).isEmpty();
    ring.append("one\ntwo\nthree\n\n".getBytes(StandardCharsets.US_ASCII));

    assertThat(ring.lastLines(2)).isEqualTo("two\nthree");
    assertThat(ring.lastLines(3)).isEqualTo("one\ntwo\nthree");
    assertThat(ring.lastLines(20)).isEqualTo("one\ntwo\nthree");
  }
}
