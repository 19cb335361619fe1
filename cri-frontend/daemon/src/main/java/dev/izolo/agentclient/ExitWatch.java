package dev.izolo.agentclient;

import dev.izolo.agent.v1.Event;
import dev.izolo.state.CriException;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;

/** Exits of containers' first processes as they happen; begins with those that have happened. */
public final class ExitWatch implements AutoCloseable {
  private static final String CALL = "WatchEvents";

  private final BlockingClientCall<?, Event> call;

  ExitWatch(BlockingClientCall<?, Event> call) {
    this.call = call;
  }

  /** Waits for the next one. */
  public ContainerExit next() throws CriException, InterruptedException {
    while (true) {
      Event event;
      try {
        event = call.read();
      } catch (StatusException e) {
        throw AgentErrors.of(CALL, e);
      }
      if (event == null) {
        throw new CriException.Unavailable("the sandbox's agent ended its events", null);
      }
      if (event.hasExited() && event.getExited().getProcess().getExecId().isEmpty()) {
        return ContainerExit.of(CALL, event.getExited().getProcess().getContainerId(), event.getExited().getExit());
      }
    }
  }

  @Override
  public void close() {
    call.cancel("the watch is over", null);
  }
}
