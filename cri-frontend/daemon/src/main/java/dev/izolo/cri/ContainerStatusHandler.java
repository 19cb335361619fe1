package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.ContainerStatusRequest;
import dev.izolo.cri.v1.ContainerStatusResponse;

/** One container's status. */
final class ContainerStatusHandler implements Handler<ContainerStatusRequest, ContainerStatusResponse> {
  private final ContainerService containers;

  ContainerStatusHandler(ContainerService containers) {
    this.containers = containers;
  }

  @Override
  public ContainerStatusResponse handle(ContainerStatusRequest request) throws Exception {
    return containers.status(Requests.containerId(request.getContainerId()), request.getVerbose());
  }
}
