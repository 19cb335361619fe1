package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.ContainerStatsRequest;
import dev.izolo.cri.v1.ContainerStatsResponse;

/** One container's use of resources. */
final class ContainerStatsHandler implements Handler<ContainerStatsRequest, ContainerStatsResponse> {
  private final ContainerService containers;

  ContainerStatsHandler(ContainerService containers) {
    this.containers = containers;
  }

  @Override
  public ContainerStatsResponse handle(ContainerStatsRequest request) throws Exception {
    return ContainerStatsResponse.newBuilder()
        .setStats(containers.stats(Requests.containerId(request.getContainerId())))
        .build();
  }
}
