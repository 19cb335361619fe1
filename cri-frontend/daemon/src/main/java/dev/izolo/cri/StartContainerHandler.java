package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.StartContainerRequest;
import dev.izolo.cri.v1.StartContainerResponse;

/** Runs a container's first process. */
final class StartContainerHandler implements Handler<StartContainerRequest, StartContainerResponse> {
  private final ContainerService containers;

  StartContainerHandler(ContainerService containers) {
    this.containers = containers;
  }

  @Override
  public StartContainerResponse handle(StartContainerRequest request) throws Exception {
    containers.start(Requests.containerId(request.getContainerId()));
    return StartContainerResponse.getDefaultInstance();
  }
}
