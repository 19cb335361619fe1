package dev.izolo.agentclient;

import dev.izolo.agent.v1.OutputStream;
import dev.izolo.agent.v1.ProcessId;
import dev.izolo.agent.v1.ReadOutputRequest;
import dev.izolo.agent.v1.ReadOutputResponse;
import dev.izolo.state.CriException;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.util.Optional;

/**
 * One output stream of one process, from an offset on: checked to be without gaps or repeats. A chunk is fetched when it
 * is asked for, so a reader that stops asking stops the process's writes. {@link #close} may be called by another
 * thread and ends a waiting {@link #next}.
 */
public final class OutputReader implements AutoCloseable {
  private static final String CALL = "ReadOutput";

  private final BlockingClientCall<ReadOutputRequest, ReadOutputResponse> call;
  private long expected;
  private boolean ended;

  OutputReader(
      BlockingClientCall<ReadOutputRequest, ReadOutputResponse> call, ProcessId process, OutputStream stream, long offset)
      throws CriException, InterruptedException {
    this.call = call;
    this.expected = offset;
    send(ReadOutputRequest.newBuilder().setProcess(process).setStream(stream).setOffset(offset).build());
  }

  /** The next bytes, never none; or empty when the stream has ended. */
  public Optional<byte[]> next() throws CriException, InterruptedException {
    while (!ended) {
      ReadOutputResponse response;
      try {
        response = call.read();
      } catch (StatusException e) {
        throw AgentErrors.of(CALL, e);
      }
      if (response == null) {
        throw AgentErrors.violation(CALL, "an end of the call before the stream's end");
      }
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

  /** Everything before the offset is kept: the agent may forget it. */
  public void acknowledge(long offset) throws CriException, InterruptedException {
    send(ReadOutputRequest.newBuilder().setOffset(offset).build());
  }

  private void send(ReadOutputRequest request) throws CriException, InterruptedException {
    try {
      call.write(request);
    } catch (StatusException e) {
      throw AgentErrors.of(CALL, e);
    }
  }

  @Override
  public void close() {
    call.cancel("the reader is done", null);
  }
}
