package dev.izolo.agent;

import com.google.protobuf.UnsafeByteOperations;
import dev.izolo.agent.container.ContainerRegistry;
import dev.izolo.agent.container.ManagedProcess;
import dev.izolo.agent.process.OutputWindow;
import dev.izolo.agent.v1.ReadOutputRequest;
import dev.izolo.agent.v1.ReadOutputResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** One ReadOutput call: sends as fast as HTTP/2's flow control takes it, and forgets what the host acknowledges. */
final class OutputCall implements StreamObserver<ReadOutputRequest>, OutputWindow.Listener {
  private static final int CHUNK_BYTES = 32 * 1024;

  private final ContainerRegistry registry;
  private final ServerCallStreamObserver<ReadOutputResponse> out;
  private volatile OutputWindow.Reader reader;
  private boolean finished;
  private boolean acknowledgesByItself;

  OutputCall(ContainerRegistry registry, StreamObserver<ReadOutputResponse> out) {
    this.registry = registry;
    this.out = (ServerCallStreamObserver<ReadOutputResponse>) out;
    this.out.setOnReadyHandler(this::readable);
    this.out.setOnCancelHandler(this::detach);
  }

  @Override
  public void onNext(ReadOutputRequest request) {
    try {
      if (reader == null) {
        open(request);
      } else {
        reader.acknowledge(request.getOffset());
      }
    } catch (RuntimeException e) {
      fail(Statuses.of(e));
    }
  }

  private void open(ReadOutputRequest request) {
    ManagedProcess process = registry.process(request.getProcess());
    OutputWindow window = switch (request.getStream()) {
      case OUTPUT_STREAM_STDOUT -> process.streams().stdout();
      case OUTPUT_STREAM_STDERR -> process.streams().stderr();
      case OUTPUT_STREAM_UNSPECIFIED, UNRECOGNIZED ->
          throw new AgentException.Invalid("the first request names stdout or stderr");
    };
    reader = window.attach(request.getOffset(), this);
    readable();
  }

  @Override
  public void readable() {
    OutputWindow.Reader current = reader;
    if (current == null) {
      return;
    }
    synchronized (this) {
      while (!finished && out.isReady()) {
        OutputWindow.Chunk chunk = current.take(CHUNK_BYTES);
        if (chunk == null) {
          return;
        }
        out.onNext(ReadOutputResponse.newBuilder().setOffset(chunk.offset())
            .setData(UnsafeByteOperations.unsafeWrap(chunk.data())).setEof(chunk.eof()).build());
        if (acknowledgesByItself) {
          current.acknowledge(chunk.offset() + chunk.data().length);
        }
        if (chunk.eof()) {
          // What is not acknowledged stays for another call, should this end be lost on the way.
          finished = true;
          out.onCompleted();
          detach();
          return;
        }
      }
    }
  }

  @Override
  public void superseded() {
    fail(Status.ABORTED.withDescription("another reader has taken this stream over").asRuntimeException());
  }

  @Override
  public void closed() {
    fail(Status.NOT_FOUND.withDescription("the stream's process was removed").asRuntimeException());
  }

  private synchronized void fail(RuntimeException status) {
    if (!finished) {
      finished = true;
      out.onError(status);
    }
    detach();
  }

  private void detach() {
    OutputWindow.Reader current = reader;
    if (current != null) {
      current.detach();
    }
  }

  @Override
  public void onError(Throwable cancelled) {
    detach();
  }

  /** A host that can acknowledge no more takes what it gets as kept. */
  @Override
  public void onCompleted() {
    OutputWindow.Reader current = reader;
    if (current == null) {
      fail(Status.INVALID_ARGUMENT.withDescription("the call named no process").asRuntimeException());
      return;
    }
    synchronized (this) {
      acknowledgesByItself = true;
      current.acknowledgeSent();
    }
  }
}
