package dev.izolo.agent;

import dev.izolo.agent.container.ContainerRegistry;
import dev.izolo.agent.container.ManagedProcess;
import dev.izolo.agent.process.InputPipe;
import dev.izolo.agent.v1.WriteInputRequest;
import dev.izolo.agent.v1.WriteInputResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;

/** One WriteInput call: takes the next piece from the host only when the process has taken the one before. */
final class InputCall implements StreamObserver<WriteInputRequest>, InputPipe.Completion {
  private final ContainerRegistry registry;
  private final ServerCallStreamObserver<WriteInputResponse> out;
  private ManagedProcess process;
  private boolean closeInput;
  private boolean writing;
  private boolean halfClosed;
  private boolean finished;

  InputCall(ContainerRegistry registry, StreamObserver<WriteInputResponse> out) {
    this.registry = registry;
    this.out = (ServerCallStreamObserver<WriteInputResponse>) out;
    this.out.disableAutoRequest();
    this.out.request(1);
    this.out.setOnCancelHandler(this::cancelled);
  }

  @Override
  public void onNext(WriteInputRequest request) {
    try {
      InputPipe pipe;
      synchronized (this) {
        if (process == null) {
          process = registry.process(request.getProcess());
          closeInput = request.getCloseStdin() || process.stdinOnce();
        }
        pipe = process.streams().input();
        if (pipe == null) {
          throw new AgentException.Refused(process.stdin()
              ? "the process does not run yet"
              : "the process was made without an input");
        }
        writing = true;
      }
      pipe.write(request.getData().toByteArray(), this);
    } catch (RuntimeException e) {
      fail(e);
    } catch (IOException e) {
      fail(new AgentException.Failed("write to the process's input", e));
    }
  }

  /** Input a process no longer reads is dropped, as a shell's pipe would have it. */
  @Override
  public void written(boolean stillOpen) {
    boolean end;
    synchronized (this) {
      writing = false;
      end = halfClosed;
    }
    if (end) {
      finish();
    } else {
      out.request(1);
    }
  }

  @Override
  public void onCompleted() {
    boolean now;
    synchronized (this) {
      halfClosed = true;
      now = !writing;
    }
    if (now) {
      finish();
    }
  }

  @Override
  public void onError(Throwable error) {
    cancelled();
  }

  private void finish() {
    synchronized (this) {
      if (finished) {
        return;
      }
      finished = true;
    }
    endInput();
    out.onNext(WriteInputResponse.getDefaultInstance());
    out.onCompleted();
  }

  private void cancelled() {
    synchronized (this) {
      if (finished) {
        return;
      }
      finished = true;
      if (process == null || !process.stdinOnce()) {
        // A host that was lost comes back and goes on writing.
        return;
      }
    }
    endInput();
  }

  private void endInput() {
    if (process != null && closeInput) {
      process.streams().closeInput();
    }
  }

  private synchronized void fail(RuntimeException error) {
    if (!finished) {
      finished = true;
      out.onError(Statuses.of(error));
    }
  }
}
