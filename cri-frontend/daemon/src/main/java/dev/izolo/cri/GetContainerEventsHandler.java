package dev.izolo.cri;

import dev.izolo.cri.v1.ContainerEventResponse;
import dev.izolo.cri.v1.GetEventsRequest;
import dev.izolo.state.ContainerEvents;

/** What happens to containers, as it happens, until the caller goes. */
final class GetContainerEventsHandler implements StreamHandler<GetEventsRequest, ContainerEventResponse> {
  private final ContainerEvents events;

  GetContainerEventsHandler(ContainerEvents events) {
    this.events = events;
  }

  @Override
  public void handle(GetEventsRequest request, Sink<ContainerEventResponse> answers) throws Exception {
    try (var subscription = events.subscribe()) {
      while (true) {
        answers.send(subscription.next());
      }
    }
  }
}
