package dev.izolo.agent;

import dev.izolo.agent.container.ContainerRegistry;
import dev.izolo.agent.v1.Event;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;

/** One WatchEvents call. A host that does not read is told to watch anew, which repeats the exits it missed. */
final class EventsCall implements Consumer<Event> {
  private static final int MAX_WAITING = 8192;

  private final ContainerRegistry registry;
  private final ServerCallStreamObserver<Event> out;
  private final Queue<Event> waiting = new ArrayDeque<>();
  private boolean finished;

  EventsCall(ContainerRegistry registry, StreamObserver<Event> out) {
    this.registry = registry;
    this.out = (ServerCallStreamObserver<Event>) out;
    this.out.setOnReadyHandler(this::drain);
    this.out.setOnCancelHandler(this::cancelled);
  }

  @Override
  public synchronized void accept(Event event) {
    if (finished) {
      return;
    }
    waiting.add(event);
    if (waiting.size() > MAX_WAITING) {
      finished = true;
      waiting.clear();
      out.onError(Status.RESOURCE_EXHAUSTED.withDescription("more than " + MAX_WAITING
          + " events were not taken: watch again").asRuntimeException());
      registry.unwatch(this);
      return;
    }
    drain();
  }

  private synchronized void drain() {
    while (!finished && !waiting.isEmpty() && out.isReady()) {
      out.onNext(waiting.remove());
    }
  }

  private synchronized void cancelled() {
    finished = true;
    waiting.clear();
    registry.unwatch(this);
  }
}
