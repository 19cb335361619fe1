package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.ListContainerStatsRequest;
import dev.izolo.cri.v1.ListContainerStatsResponse;

/** Use of resources by the containers that match a filter. */
final class ListContainerStatsHandler implements Handler<ListContainerStatsRequest, ListContainerStatsResponse> {
  private final ContainerService containers;

  ListContainerStatsHandler(ContainerService containers) {
    this.containers = containers;
  }

  @Override
  public ListContainerStatsResponse handle(ListContainerStatsRequest request) throws Exception {
    return ListContainerStatsResponse.newBuilder().addAllStats(containers.stats(request.getFilter())).build();
  }
}
