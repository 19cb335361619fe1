package dev.izolo.agentclient;

import dev.izolo.agent.v1.OutputStream;
import dev.izolo.agent.v1.ProcessId;
import dev.izolo.agent.v1.ReadOutputRequest;
import dev.izolo.agent.v1.ReadOutputResponse;
import dev.izolo.state.CriException;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * One output stream of one process, from an offset on: checked to be without gaps or repeats. A chunk is fetched when it
 * is asked for, so a reader that stops asking stops the process's writes. {@link #close} may be called by another
 * thread and ends a waiting {@link #next}.
 *
 * <p>Acknowledging never waits, unlike gRPC's blocking calls, whose write waits until the other side reads: an agent
 * that has sent its last chunk reads no more, and reader and agent would wait for each other. What is buffered is
 * bounded by the chunks that were asked for.
 */
public final class OutputReader implements AutoCloseable {
  private static final String CALL = "ReadOutput";

  /** What comes from the agent: a chunk, or how the call ended. */
  private sealed interface Arrival {
    record Chunk(ReadOutputResponse response) implements Arrival {}

    record End(Status status) implements Arrival {}
  }

  private final ClientCall<ReadOutputRequest, ReadOutputResponse> call;
  private final LinkedBlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
  private long expected;
  private boolean ended;

  /** @param call not started yet */
  OutputReader(
      ClientCall<ReadOutputRequest, ReadOutputResponse> call, ProcessId process, OutputStream stream, long offset) {
    this.call = call;
    this.expected = offset;
    call.start(new Arrivals(), new Metadata());
    call.sendMessage(
        ReadOutputRequest.newBuilder().setProcess(process).setStream(stream).setOffset(offset).build());
  }

  /** The next bytes, never none; or empty when the stream has ended. */
  public Optional<byte[]> next() throws CriException, InterruptedException {
    while (!ended) {
      ReadOutputResponse response = fetch();
      byte[] data = response.getData().toByteArray();
      if (response.getOffset() != expected && (data.length > 0 || !response.getEof())) {
        throw AgentErrors.violation(
            CALL, "offset " + response.getOffset() + " where " + expected + " was next");
      }
      expected += data.length;
      ended = response.getEof();
      if (data.length > 0) {
        return Optional.of(data);
      }
    }
    return Optional.empty();
  }

  private ReadOutputResponse fetch() throws CriException, InterruptedException {
    call.request(1);
    return switch (arrivals.take()) {
      case Arrival.Chunk(ReadOutputResponse response) -> response;
      case Arrival.End(Status status) -> {
        // It stays the answer, should anyone ask again.
        arrivals.add(new Arrival.End(status));
        if (status.isOk()) {
          throw AgentErrors.violation(CALL, "an end of the call before the stream's end");
        }
        throw AgentErrors.of(CALL, new StatusException(status));
      }
    };
  }

  /** Everything before the offset is kept: the agent may forget it. */
  public void acknowledge(long offset) throws CriException {
    try {
      call.sendMessage(ReadOutputRequest.newBuilder().setOffset(offset).build());
    } catch (IllegalStateException e) {
      throw new CriException.Unavailable("the reader was closed", e);
    }
  }

  @Override
  public void close() {
    call.cancel("the reader is done", null);
  }

  private final class Arrivals extends ClientCall.Listener<ReadOutputResponse> {
    @Override
    public void onMessage(ReadOutputResponse response) {
      arrivals.add(new Arrival.Chunk(response));
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      arrivals.add(new Arrival.End(status));
    }
  }
}
