package dev.izolo.cri;

import com.google.protobuf.Message;
import dev.izolo.state.CriException;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.stub.ServerCalls;
import java.util.HashSet;
import java.util.Set;

/** Which handler serves which RPC of one gRPC service; every RPC must have one, or a reason why not. */
final class RpcTable {
  private final ServiceDescriptor service;
  private final CallRunner runner;
  private final ServerServiceDefinition.Builder definition;
  private final Set<MethodDescriptor<?, ?>> served = new HashSet<>();

  RpcTable(ServiceDescriptor service, CallRunner runner) {
    this.service = service;
    this.runner = runner;
    this.definition = ServerServiceDefinition.builder(service);
  }

  /** An RPC whose handler may wait: each of its calls gets a thread. */
  <Q extends Message, R extends Message> RpcTable unary(MethodDescriptor<Q, R> rpc, Handler<Q, R> handler) {
    served.add(rpc);
    definition.addMethod(rpc, ServerCalls.asyncUnaryCall(runner.unary(rpc.getBareMethodName(), handler)));
    return this;
  }

  /** An RPC whose handler never waits: its calls are answered on the event loop that read them. */
  <Q extends Message, R extends Message> RpcTable fromMemory(
      MethodDescriptor<Q, R> rpc, MemoryHandler<Q, R> handler) {
    served.add(rpc);
    definition.addMethod(rpc, ServerCalls.asyncUnaryCall(runner.fromMemory(rpc.getBareMethodName(), handler)));
    return this;
  }

  <Q extends Message, R extends Message> RpcTable stream(MethodDescriptor<Q, R> rpc, StreamHandler<Q, R> handler) {
    served.add(rpc);
    definition.addMethod(
        rpc, ServerCalls.asyncServerStreamingCall(runner.streaming(rpc.getBareMethodName(), handler)));
    return this;
  }

  /** An RPC that Izolo does not serve. {@code reason} says so to people, and what to use instead if anything. */
  <Q extends Message, R extends Message> RpcTable refuse(MethodDescriptor<Q, R> rpc, String reason) {
    if (rpc.getType() == MethodDescriptor.MethodType.UNARY) {
      return unary(rpc, request -> {
        throw new CriException.Unimplemented(reason);
      });
    }
    return stream(rpc, (request, answers) -> {
      throw new CriException.Unimplemented(reason);
    });
  }

  /** @throws IllegalStateException when an RPC was forgotten */
  ServerServiceDefinition build() {
    for (MethodDescriptor<?, ?> rpc : service.getMethods()) {
      if (!served.contains(rpc)) {
        throw new IllegalStateException("no handler for " + rpc.getFullMethodName());
      }
    }
    return definition.build();
  }
}
