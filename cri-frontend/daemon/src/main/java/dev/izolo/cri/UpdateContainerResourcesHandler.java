package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.UpdateContainerResourcesRequest;
import dev.izolo.cri.v1.UpdateContainerResourcesResponse;

/** Changes a running container's limits. */
final class UpdateContainerResourcesHandler implements Handler<UpdateContainerResourcesRequest, UpdateContainerResourcesResponse> {
  private final ContainerService containers;

  UpdateContainerResourcesHandler(ContainerService containers) {
    this.containers = containers;
  }

  @Override
  public UpdateContainerResourcesResponse handle(UpdateContainerResourcesRequest request) throws Exception {
    String id = Requests.containerId(request.getContainerId());
    Requests.require(request.hasLinux(), "linux is missing: it holds the new limits");
    containers.update(id, request.getLinux());
    return UpdateContainerResourcesResponse.getDefaultInstance();
  }
}
