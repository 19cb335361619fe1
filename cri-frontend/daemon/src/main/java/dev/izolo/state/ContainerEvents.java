package dev.izolo.state;

import dev.izolo.cri.v1.ContainerEventResponse;

/** What happens to containers, for CRI's GetContainerEvents and for whoever else waits for an exit. */
public interface ContainerEvents {
  /** Everything published from now on. A subscriber that does not keep up is dropped, never waited for. */
  Subscription subscribe();

  /** One subscriber's bounded queue. */
  interface Subscription extends AutoCloseable {
    /**
     * Waits for the next event.
     *
     * @throws CriException.Exhausted when events were lost because this subscriber was too slow: it must list afresh
     */
    ContainerEventResponse next() throws CriException, InterruptedException;

    @Override
    void close();
  }
}
