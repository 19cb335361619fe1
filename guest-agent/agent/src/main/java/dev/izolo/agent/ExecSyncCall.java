package dev.izolo.agent;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.izolo.agent.container.Execs;
import dev.izolo.agent.process.OutputWindow;
import dev.izolo.agent.v1.ExecSyncRequest;
import dev.izolo.agent.v1.ExecSyncResponse;
import dev.izolo.agent.v1.ProcessExit;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Arrays;

/**
 * One ExecSync call: both streams as they come, each up to the cap with the rest read and dropped, then the exit. While
 * the host takes nothing, the command waits.
 */
final class ExecSyncCall {
  private static final int CHUNK_BYTES = 32 * 1024;
  private static final long DEFAULT_CAP_BYTES = 16L << 20;

  private final ServerCallStreamObserver<ExecSyncResponse> out;
  private final long capBytes;
  private Execs.Command command;
  private Source stdout;
  private Source stderr;
  private ProcessExit exit;
  private boolean finished;
  private boolean cancelled;

  ExecSyncCall(ExecSyncRequest request, StreamObserver<ExecSyncResponse> out) {
    this.out = (ServerCallStreamObserver<ExecSyncResponse>) out;
    this.capBytes = request.getMaxOutputBytes() > 0 ? request.getMaxOutputBytes() : DEFAULT_CAP_BYTES;
    this.out.setOnReadyHandler(this::drain);
    this.out.setOnCancelHandler(this::cancel);
  }

  void run(Execs execs, ExecSyncRequest request) {
    if (request.getTimeoutNanos() < 0 || request.getMaxOutputBytes() < 0) {
      throw new AgentException.Invalid("a timeout and a cap are not negative");
    }
    Execs.Command started = execs.startSync(
        request.getContainerId(), request.getArgsList(), Duration.ofNanos(request.getTimeoutNanos()));
    boolean kill;
    synchronized (this) {
      command = started;
      stdout = new Source(started.process().streams().stdout(), true);
      stderr = new Source(started.process().streams().stderr(), false);
      kill = cancelled;
    }
    if (kill) {
      started.kill();
    }
    started.exit().thenAccept(this::exited);
    drain();
  }

  private void exited(ProcessExit how) {
    synchronized (this) {
      exit = how;
    }
    drain();
  }

  private void cancel() {
    Execs.Command running;
    synchronized (this) {
      cancelled = true;
      finished = true;
      running = command;
    }
    if (running != null) {
      running.kill();
      running.process().streams().close();
    }
  }

  private synchronized void drain() {
    if (finished || stdout == null) {
      return;
    }
    stdout.drain();
    stderr.drain();
    if (exit != null && stdout.ended && stderr.ended && out.isReady()) {
      finished = true;
      out.onNext(ExecSyncResponse.newBuilder().setExit(exit).build());
      out.onCompleted();
      command.process().streams().close();
    }
  }

  private final class Source implements OutputWindow.Listener {
    private final OutputWindow.Reader reader;
    private final boolean isStdout;
    private long sent;
    private boolean ended;

    Source(OutputWindow window, boolean isStdout) {
      this.isStdout = isStdout;
      this.reader = window.attach(0, this);
    }

    void drain() {
      while (!ended && (sent >= capBytes || out.isReady())) {
        OutputWindow.Chunk chunk = reader.take(CHUNK_BYTES);
        if (chunk == null) {
          return;
        }
        reader.acknowledgeSent();
        send(chunk.data());
        ended = chunk.eof();
      }
    }

    private void send(byte[] data) {
      int count = (int) Math.min(data.length, capBytes - sent);
      if (count == 0) {
        return;
      }
      sent += count;
      ByteString bytes = UnsafeByteOperations.unsafeWrap(count == data.length ? data : Arrays.copyOf(data, count));
      out.onNext(isStdout
          ? ExecSyncResponse.newBuilder().setStdout(bytes).build()
          : ExecSyncResponse.newBuilder().setStderr(bytes).build());
    }

    @Override
    public void readable() {
      ExecSyncCall.this.drain();
    }

    @Override
    public void superseded() {
      throw new IllegalStateException("a command's streams have one reader");
    }

    @Override
    public void closed() {
      // Only this call closes them, and then it has ended.
    }
  }
}
