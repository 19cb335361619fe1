package dev.izolo.state;

import dev.izolo.cri.v1.ContainerEventResponse;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;

/** Hands each event to every subscriber's bounded queue, in the order of publication; never waits for one. */
public final class EventBus implements ContainerEvents {
  private final int capacity;
  private final Set<Queue> subscribers = ConcurrentHashMap.newKeySet();

  public EventBus() {
    this(1000);
  }

  /** @param capacity events that a subscriber may be behind */
  EventBus(int capacity) {
    this.capacity = capacity;
  }

  /** Synchronised so that all subscribers see one order. */
  public synchronized void publish(ContainerEventResponse event) {
    subscribers.forEach(queue -> queue.offer(event));
  }

  @Override
  public Subscription subscribe() {
    var queue = new Queue();
    subscribers.add(queue);
    return queue;
  }

  private final class Queue implements Subscription {
    private final BlockingQueue<ContainerEventResponse> events = new LinkedBlockingQueue<>(capacity + 1);

    /** The default instance, which no publisher sends, marks the place where events were lost. */
    private void offer(ContainerEventResponse event) {
      if (events.size() >= capacity) {
        subscribers.remove(this);
        events.offer(ContainerEventResponse.getDefaultInstance());
      } else {
        events.offer(event);
      }
    }

    @Override
    public ContainerEventResponse next() throws CriException, InterruptedException {
      ContainerEventResponse event = events.take();
      if (event.getContainerId().isEmpty()) {
        events.offer(event);
        throw new CriException.Exhausted(
            "this subscriber was more than " + capacity + " events behind: list containers and subscribe again", null);
      }
      return event;
    }

    @Override
    public void close() {
      subscribers.remove(this);
    }
  }
}
