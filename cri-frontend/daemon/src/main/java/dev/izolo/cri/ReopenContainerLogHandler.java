package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.ReopenContainerLogRequest;
import dev.izolo.cri.v1.ReopenContainerLogResponse;

/** Opens a container's log anew after the kubelet has rotated it. */
final class ReopenContainerLogHandler implements Handler<ReopenContainerLogRequest, ReopenContainerLogResponse> {
  private final ContainerService containers;

  ReopenContainerLogHandler(ContainerService containers) {
    this.containers = containers;
  }

  @Override
  public ReopenContainerLogResponse handle(ReopenContainerLogRequest request) throws Exception {
    containers.reopenLog(Requests.containerId(request.getContainerId()));
    return ReopenContainerLogResponse.getDefaultInstance();
  }
}
