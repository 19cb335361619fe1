package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.StopContainerRequest;
import dev.izolo.cri.v1.StopContainerResponse;
import java.time.Duration;

/** Ends a container; what is not there is stopped already. A timeout of zero or less kills at once, as in containerd. */
final class StopContainerHandler implements Handler<StopContainerRequest, StopContainerResponse> {
  private final ContainerService containers;

  StopContainerHandler(ContainerService containers) {
    this.containers = containers;
  }

  @Override
  public StopContainerResponse handle(StopContainerRequest request) throws Exception {
    Duration timeout = Duration.ofSeconds(Math.max(0, request.getTimeout()));
    containers.stop(Requests.containerId(request.getContainerId()), timeout);
    return StopContainerResponse.getDefaultInstance();
  }
}
