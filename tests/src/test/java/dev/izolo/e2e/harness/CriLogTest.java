package dev.izolo.e2e.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class CriLogTest {

  @Test
  void rebuildsTheVeryBytesOfEachStream() {
    CriLog log = parse("""
        2026-11-23T18:30:00.000000001Z stdout F one
        2026-11-23T18:30:00.000000002Z stderr F oops
        2026-11-23T18:30:00.000000003Z stdout P two
        2026-11-23T18:30:00.000000004Z stdout F  and three
        2026-11-23T18:30:00.000000005Z stdout P last
        """);
    assertThat(new String(log.stdout(), StandardCharsets.UTF_8)).isEqualTo("one\ntwo and three\nlast");
    assertThat(new String(log.stderr(), StandardCharsets.UTF_8)).isEqualTo("oops\n");
    assertThat(log.entries()).hasSize(5);
  }

  @Test
  void leavesOutALineStillBeingWritten() {
    assertThat(parse("2026-11-23T18:30:00Z stdout F one\n2026-11-23T18:30:00Z std").entries()).hasSize(1);
  }

  @Test
  void refusesWhatTheKubeletWouldNotRead() {
    assertThatThrownBy(() -> parse("no log line\n")).isInstanceOf(AssertionError.class);
    assertThatThrownBy(() -> parse("2026-11-23T18:30:00Z stdout X one\n")).isInstanceOf(AssertionError.class);
    assertThatThrownBy(() -> parse("2026-11-23T18:30:00Z other F one\n")).isInstanceOf(AssertionError.class);
  }

  private static CriLog parse(String text) {
    return CriLog.parse(text.getBytes(StandardCharsets.UTF_8));
  }
}
