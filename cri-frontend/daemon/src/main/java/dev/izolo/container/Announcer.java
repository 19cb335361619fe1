package dev.izolo.container;

import dev.izolo.cri.v1.ContainerEventResponse;
import dev.izolo.cri.v1.ContainerEventType;
import dev.izolo.sandbox.SandboxViews;
import dev.izolo.state.EventBus;

/** Publishes what happens to containers, with the statuses that CRI's events carry. */
final class Announcer {
  private final EventBus events;
  private final ContainerRegistry registry;

  Announcer(EventBus events, ContainerRegistry registry) {
    this.events = events;
    this.registry = registry;
  }

  void announce(ContainerUnit unit, ContainerEventType type) {
    var event =
        ContainerEventResponse.newBuilder()
            .setContainerId(unit.id())
            .setContainerEventType(type)
            .setCreatedAt(System.currentTimeMillis() * 1_000_000L)
            .setPodSandboxStatus(SandboxViews.status(unit.sandbox()));
    registry.allOf(unit.sandbox().id()).stream()
        .filter(other -> other.step().announced())
        .forEach(other -> event.addContainersStatuses(ContainerViews.status(other)));
    events.publish(event.build());
  }
}
