package dev.izolo.agent.container;

import dev.izolo.agent.v1.Event;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Tells watchers what happens, each first what has happened already. */
public final class Events {
  private final List<Consumer<Event>> watchers = new CopyOnWriteArrayList<>();

  /** Records a change and tells of it, as one step for anyone who begins to watch meanwhile. */
  synchronized void publish(Runnable change, Event event) {
    change.run();
    watchers.forEach(watcher -> watcher.accept(event));
  }

  /** Tells the watcher the past, then every event until it is removed. The watcher must not block. */
  synchronized void watch(Supplier<List<Event>> past, Consumer<Event> watcher) {
    past.get().forEach(watcher);
    watchers.add(watcher);
  }

  public void unwatch(Consumer<Event> watcher) {
    watchers.remove(watcher);
  }
}
