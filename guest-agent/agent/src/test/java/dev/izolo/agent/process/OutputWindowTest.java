package dev.izolo.agent.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.AgentException;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class OutputWindowTest {
  private final OutputWindow window = new OutputWindow(1024);

  private static final class Recorder implements OutputWindow.Listener {
    private int readable;
    private boolean superseded;
    private boolean closed;

    @Override
    public void readable() {
      readable++;
    }

    @Override
    public void superseded() {
      superseded = true;
    }

    @Override
    public void closed() {
      closed = true;
    }
  }

  /** Random writes, reads, acknowledgements and lost readers: the host that resumes at its own offset has every byte. */
  @RepeatedTest(50)
  void deliversEveryByteOnceWhateverReadersDo(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    byte[] source = new byte[20_000 + random.nextInt(20_000)];
    random.nextBytes(source);
    int capacity = 1 + random.nextInt(6000);
    OutputWindow stream = new OutputWindow(capacity);
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    OutputWindow.Reader reader = stream.attach(0, new Recorder());
    int written = 0;
    boolean ended = false;
    boolean eof = false;
    while (!eof) {
      switch (random.nextInt(5)) {
        case 0, 1 -> {
          int count = Math.min(Math.min(stream.free(), 1 + random.nextInt(3000)), source.length - written);
          if (count > 0) {
            stream.append(Arrays.copyOfRange(source, written, written + count));
            written += count;
          }
          if (written == source.length && !ended) {
            stream.end();
            ended = true;
          }
        }
        case 2, 3 -> {
          OutputWindow.Chunk chunk = reader.take(1 + random.nextInt(4000));
          if (chunk != null) {
            assertThat(chunk.offset()).isEqualTo(kept.size());
            kept.writeBytes(chunk.data());
            eof = chunk.eof();
            if (random.nextBoolean()) {
              reader.acknowledge(kept.size());
            }
          }
        }
        default -> {
          if (random.nextInt(4) == 0) {
            reader.take(1 + random.nextInt(4000));
            reader = stream.attach(kept.size(), new Recorder());
          } else {
            reader.acknowledge(kept.size());
          }
        }
      }
      assertThat(stream.free()).isBetween(0, capacity);
    }
    assertThat(kept.toByteArray()).isEqualTo(source);
  }

  @Test
  void hasNoRoomUntilTheReaderAcknowledges() {
    int[] spaces = {0};
    window.onSpace(() -> spaces[0]++);
    window.append(new byte[1024]);
    OutputWindow.Reader reader = window.attach(0, new Recorder());
    reader.take(600);
    assertThat(window.free()).isZero();
    reader.acknowledge(600);
    assertThat(window.free()).isEqualTo(600);
    assertThat(spaces[0]).isEqualTo(1);
  }

  @Test
  void endsAfterTheLastByteAndOnce() {
    OutputWindow.Reader reader = window.attach(0, new Recorder());
    window.append(new byte[] {1, 2});
    window.end();
    assertThat(reader.take(1)).satisfies(chunk -> assertThat(chunk.eof()).isFalse());
    assertThat(reader.take(10)).satisfies(chunk -> assertThat(chunk.eof()).isTrue());
    assertThat(reader.take(10)).isNull();
    assertThat(window.finished()).isFalse();
    reader.acknowledge(2);
    assertThat(window.finished()).isTrue();
  }

  @Test
  void aSecondReaderTakesTheStreamOver() {
    Recorder first = new Recorder();
    OutputWindow.Reader reader = window.attach(0, first);
    window.append(new byte[] {1, 2, 3});
    reader.take(3);
    OutputWindow.Reader second = window.attach(1, new Recorder());
    assertThat(first.superseded).isTrue();
    assertThat(reader.take(3)).isNull();
    assertThat(second.take(3).data()).containsExactly(2, 3);
  }

  @Test
  void refusesOffsetsOutsideOfWhatIsKept() {
    OutputWindow.Reader reader = window.attach(0, new Recorder());
    window.append(new byte[10]);
    reader.take(10);
    reader.acknowledge(5);
    assertThatThrownBy(() -> window.attach(4, new Recorder())).isInstanceOf(AgentException.OutOfRange.class)
        .hasMessageContaining("5 to 10");
    assertThatThrownBy(() -> window.attach(11, new Recorder())).isInstanceOf(AgentException.OutOfRange.class);
    assertThatThrownBy(() -> window.attach(-1, new Recorder())).isInstanceOf(AgentException.OutOfRange.class);
    assertThatThrownBy(() -> reader.acknowledge(11)).isInstanceOf(AgentException.OutOfRange.class);
  }

  @Test
  void aClosedWindowSwallowsWhatIsWrittenAndTellsItsReader() {
    Recorder listener = new Recorder();
    window.attach(0, listener);
    window.close();
    window.append(new byte[4000]);
    assertThat(listener.closed).isTrue();
    assertThat(window.free()).isEqualTo(1024);
    assertThatThrownBy(() -> window.attach(0, new Recorder())).isInstanceOf(AgentException.NotFound.class);
  }
}
