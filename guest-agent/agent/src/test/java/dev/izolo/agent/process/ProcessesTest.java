package dev.izolo.agent.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.linux.LinuxException;
import dev.izolo.agent.linux.Processes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Real processes and pipes of this machine. */
class ProcessesTest {
  private static final Reaper REAPER = new Reaper();
  private static final IoLoop LOOP = new IoLoop();

  @BeforeAll
  static void adopt() throws IOException {
    Processes.adoptOrphans();
  }

  private static Reaper.Child run(ProcessStreams streams, boolean stdin, String script) throws IOException {
    try (Stdio stdio = Stdio.open(false, stdin)) {
      Reaper.Child child = REAPER.spawn(
          List.of("/bin/sh", "-c", script), List.of("PATH=/usr/bin:/bin"), stdio.in(), stdio.out(), stdio.err());
      stdio.closeChildEnds();
      stdio.connect(streams, LOOP);
      return child;
    }
  }

  private static byte[] readAll(OutputWindow window) throws InterruptedException {
    Semaphore readable = new Semaphore(1);
    OutputWindow.Reader reader = window.attach(0, new OutputWindow.Listener() {
      @Override
      public void readable() {
        readable.release();
      }

      @Override
      public void superseded() {
        throw new AssertionError("one reader only");
      }

      @Override
      public void closed() {
        readable.release();
      }
    });
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    while (readable.tryAcquire(20, TimeUnit.SECONDS)) {
      OutputWindow.Chunk chunk;
      while ((chunk = reader.take(10_000)) != null) {
        all.writeBytes(chunk.data());
        reader.acknowledge(chunk.offset() + chunk.data().length);
        if (chunk.eof()) {
          return all.toByteArray();
        }
      }
    }
    throw new AssertionError("no end of the stream after " + all.size() + " bytes");
  }

  @Test
  void reportsExitCodesAndSignals() throws Exception {
    assertThat(run(new ProcessStreams(), false, "exit 7").exit().get(20, TimeUnit.SECONDS).code()).isEqualTo(7);
    assertThat(run(new ProcessStreams(), false, "kill -9 $$").exit().get(20, TimeUnit.SECONDS).code()).isEqualTo(137);
  }

  @Test
  void keepsBothStreamsApartAndWholePastTheWindow() throws Exception {
    ProcessStreams streams = new ProcessStreams();
    run(streams, false, "echo on stderr >&2; head -c 3000000 /dev/zero | tr '\\0' x");
    assertThat(readAll(streams.stdout())).hasSize(3_000_000).containsOnly('x');
    assertThat(new String(readAll(streams.stderr()), StandardCharsets.UTF_8)).isEqualTo("on stderr\n");
  }

  @Test
  void endsAStreamAtItsProcessThoughAnotherHoldsItOpen() throws Exception {
    ProcessStreams streams = new ProcessStreams();
    Reaper.Child child = run(streams, false, "sleep 30 & echo $! ; exit 3");
    assertThat(child.exit().get(20, TimeUnit.SECONDS).code()).isEqualTo(3);
    streams.processEnded();
    String output = new String(readAll(streams.stdout()), StandardCharsets.UTF_8);
    Processes.signal(Integer.parseInt(output.strip()), 9);
  }

  @Test
  void writesInputPastThePipesSizeAndEndsIt() throws Exception {
    ProcessStreams streams = new ProcessStreams();
    run(streams, true, "sleep 0.2; wc -c");
    CountDownLatch written = new CountDownLatch(1);
    streams.input().write(new byte[500_000], open -> {
      assertThat(open).isTrue();
      written.countDown();
    });
    assertThat(written.await(20, TimeUnit.SECONDS)).isTrue();
    streams.closeInput();
    assertThat(new String(readAll(streams.stdout()), StandardCharsets.UTF_8).strip()).isEqualTo("500000");
  }

  @Test
  void inputForAProcessThatDoesNotReadIsDropped() throws Exception {
    ProcessStreams streams = new ProcessStreams();
    run(streams, true, "exit 0").exit().get(20, TimeUnit.SECONDS);
    CountDownLatch written = new CountDownLatch(1);
    streams.input().write(new byte[500_000], open -> written.countDown());
    assertThat(written.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(streams.input().isClosed()).isTrue();
  }

  @Test
  void adoptsAProcessWhoseParentHasEnded() throws Exception {
    try (Reaper.Adoption adoption = REAPER.expectAdoption()) {
      ProcessStreams streams = new ProcessStreams();
      Reaper.Child parent = run(streams, false, "(sleep 0.2; exit 9) & echo $!");
      parent.exit().get(20, TimeUnit.SECONDS);
      streams.processEnded();
      int pid = Integer.parseInt(new String(readAll(streams.stdout()), StandardCharsets.UTF_8).strip());
      assertThat(adoption.adopt(pid).exit().get(20, TimeUnit.SECONDS).code()).isEqualTo(9);
    }
  }

  @Test
  void aSignalForAProcessThatHasEndedGoesNowhere() throws Exception {
    Reaper.Child child = run(new ProcessStreams(), false, "exit 0");
    child.exit().get(20, TimeUnit.SECONDS);
    assertThat(REAPER.signal(child.pid(), 9)).isFalse();
  }

  @Test
  void saysWhichProgramIsMissing() throws Exception {
    try (Stdio stdio = Stdio.open(true, false)) {
      assertThatThrownBy(() ->
              REAPER.spawn(List.of("/no/such/program"), List.of(), stdio.in(), stdio.out(), stdio.err()))
          .isInstanceOf(LinuxException.class).hasMessageContaining("/no/such/program").hasMessageContaining("ENOENT");
    }
  }

  @Test
  void decodesWaitStatuses() {
    assertThat(Processes.exitCode(0x0700)).isEqualTo(7);
    assertThat(Processes.exitCode(9)).isEqualTo(137);
    assertThat(Processes.exitCode(11 | 0x80)).isEqualTo(139);
  }
}
