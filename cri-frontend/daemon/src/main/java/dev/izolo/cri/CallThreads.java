package dev.izolo.cri;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Which thread a call is served on: a virtual one of its own, unless its RPC never waits. Going to another thread and
 * back is two wake-ups, which take longer than most answers from memory.
 */
final class CallThreads implements ServerCallExecutorSupplier, AutoCloseable {
  private final ExecutorService own = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("call-", 0).factory());
  private final Set<String> onEventLoop = ConcurrentHashMap.newKeySet();

  /** Calls of this RPC are served by the event loop itself. To be told before the server starts. */
  void stayOnEventLoop(MethodDescriptor<?, ?> rpc) {
    onEventLoop.add(rpc.getFullMethodName());
  }

  Set<String> onEventLoop() {
    return Set.copyOf(onEventLoop);
  }

  /** Null where the call is to stay on the server's executor, which is the event loop. */
  @Override
  public <Q, R> Executor getExecutor(ServerCall<Q, R> call, Metadata metadata) {
    return onEventLoop.contains(call.getMethodDescriptor().getFullMethodName()) ? null : own;
  }

  @Override
  public void close() {
    own.shutdown();
  }
}
