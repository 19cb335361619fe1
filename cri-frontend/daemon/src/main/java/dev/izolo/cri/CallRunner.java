package dev.izolo.cri;

import com.google.protobuf.Message;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls.ServerStreamingMethod;
import io.grpc.stub.ServerCalls.UnaryMethod;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Runs handlers as gRPC methods. One that may wait gets a virtual thread, which the caller's cancellation or deadline
 * interrupts; every call that fails is logged once, with what it was about.
 */
final class CallRunner {
  private static final Logger log = LoggerFactory.getLogger(CallRunner.class);

  private final Set<Interrupter> streams = ConcurrentHashMap.newKeySet();
  private final RunningCalls running = new RunningCalls();
  private volatile boolean ending;

  <Q extends Message, R extends Message> UnaryMethod<Q, R> unary(String rpc, Handler<Q, R> handler) {
    return (request, answers) -> {
      ignoreCancellation(answers);
      onThreadOfItsOwn(rpc, interrupter ->
          run(rpc, request, answers, interrupter::close, false, () -> answers.onNext(handler.handle(request))));
    };
  }

  /**
   * Runs on the event loop, which no caller may interrupt; there would be no time for it either. Such calls are many and
   * short, and nothing that they call logs: the log's context is made only where there is something to say.
   */
  <Q extends Message, R extends Message> UnaryMethod<Q, R> fromMemory(String rpc, MemoryHandler<Q, R> handler) {
    return (request, answers) -> {
      ignoreCancellation(answers);
      if (log.isDebugEnabled()) {
        run(rpc, request, answers, () -> {}, false, () -> answers.onNext(handler.handle(request)));
        return;
      }
      try {
        answers.onNext(handler.handle(request));
        answers.onCompleted();
      } catch (Exception | LinkageError | StackOverflowError | AssertionError e) {
        try (var ignored = MDC.putCloseable("rpc", rpc)) {
          fail(request, answers, e, false);
        }
      }
    };
  }

  <Q extends Message, R extends Message> ServerStreamingMethod<Q, R> streaming(
      String rpc, StreamHandler<Q, R> handler) {
    return (request, answers) -> {
      ServerCallStreamObserver<R> call = ignoreCancellation(answers);
      var drained = new Semaphore(0);
      call.setOnReadyHandler(drained::release);
      onThreadOfItsOwn(rpc, interrupter -> {
        streams.add(interrupter);
        if (ending) {
          interrupter.interrupt();
        }
        run(rpc, request, answers, interrupter::close, true, () -> handler.handle(request, answer -> {
          while (!call.isReady() && !call.isCancelled()) {
            drained.acquire();
          }
          call.onNext(answer);
        }));
        streams.remove(interrupter);
      });
    };
  }

  /** Calls come on the event loop, which must not wait for a handler. */
  private void onThreadOfItsOwn(String rpc, Consumer<Interrupter> work) {
    Context context = Context.current();
    RunningCalls.Entry entry = running.enter();
    Thread.ofVirtual().name(rpc).start(context.wrap(() -> {
      try (entry; var interrupter = new Interrupter(context)) {
        work.accept(interrupter);
      }
    }));
  }

  /** Ends the streams that run, which would not end by themselves, because the server is to stop. */
  void endStreams() {
    ending = true;
    streams.forEach(Interrupter::interrupt);
  }

  /** Waits until no handler runs; says whether that was in time. */
  boolean awaitIdle(Duration limit) throws InterruptedException {
    return running.awaitNone(limit);
  }

  private interface Body {
    void run() throws Exception;
  }

  /**
   * @param settled run when the body has ended and before its call is: no interrupt comes after it
   * @param streamed a stream's caller ends it by cancelling, which is no failure
   */
  private <Q extends Message, R> void run(
      String rpc, Q request, StreamObserver<R> answers, Runnable settled, boolean streamed, Body body) {
    long from = System.nanoTime();
    try (var ignored = MDC.putCloseable("rpc", rpc)) {
      if (log.isDebugEnabled()) {
        log.debug("called with {}", RequestText.of(request));
      }
      try {
        body.run();
        settled.run();
        answers.onCompleted();
        if (log.isDebugEnabled()) {
          log.debug("done in {} ms", Duration.ofNanos(System.nanoTime() - from).toMillis());
        }
      } catch (Exception | LinkageError | StackOverflowError | AssertionError e) {
        settled.run();
        fail(request, answers, e, streamed);
      }
    }
  }

  private <R> void fail(Message request, StreamObserver<R> answers, Throwable error, boolean streamed) {
    Status status = ending && error instanceof InterruptedException
        ? Status.UNAVAILABLE.withDescription("Izolo is shutting down; pods keep running, call again when it is back")
        : StatusMapper.map(error);
    String text = "failed: " + status.getCode() + ": " + status.getDescription() + RequestText.subject(request);
    if (StatusMapper.isFault(status)) {
      log.warn(text, error);
    } else if (StatusMapper.isOrdinary(status) || streamed && status.getCode() == Status.Code.CANCELLED) {
      log.debug(text);
    } else {
      log.info(text);
    }
    answers.onError(status.asRuntimeException());
  }

  /** Without a handler of its own, sending to a caller that is gone would throw; the interrupt tells us already. */
  private static <R> ServerCallStreamObserver<R> ignoreCancellation(StreamObserver<R> answers) {
    var call = (ServerCallStreamObserver<R>) answers;
    call.setOnCancelHandler(() -> {});
    return call;
  }
}
