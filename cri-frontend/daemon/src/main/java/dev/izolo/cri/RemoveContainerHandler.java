package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.RemoveContainerRequest;
import dev.izolo.cri.v1.RemoveContainerResponse;

/** Forgets a container; what is not there is removed already. */
final class RemoveContainerHandler implements Handler<RemoveContainerRequest, RemoveContainerResponse> {
  private final ContainerService containers;

  RemoveContainerHandler(ContainerService containers) {
    this.containers = containers;
  }

  @Override
  public RemoveContainerResponse handle(RemoveContainerRequest request) throws Exception {
    containers.remove(Requests.containerId(request.getContainerId()));
    return RemoveContainerResponse.getDefaultInstance();
  }
}
