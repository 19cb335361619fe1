package dev.izolo.agent;

import dev.izolo.agent.v1.AgentGrpc;
import dev.izolo.agent.v1.GetInfoRequest;
import dev.izolo.agent.v1.GetInfoResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;

/** The RPCs, each handed to the part that does it. */
final class AgentService extends AgentGrpc.AgentImplBase {
  private final Agent agent;

  AgentService(Agent agent) {
    this.agent = agent;
  }

  @Override
  public void getInfo(GetInfoRequest request, StreamObserver<GetInfoResponse> out) {
    try {
      out.onNext(agent.info().read());
      out.onCompleted();
    } catch (IOException e) {
      out.onError(io.grpc.Status.INTERNAL.withDescription(e.getMessage()).withCause(e).asRuntimeException());
    }
  }
}
