package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.ListContainersRequest;
import dev.izolo.cri.v1.ListContainersResponse;

/** The containers that match a filter. */
final class ListContainersHandler implements MemoryHandler<ListContainersRequest, ListContainersResponse> {
  private final ContainerService containers;

  ListContainersHandler(ContainerService containers) {
    this.containers = containers;
  }

  @Override
  public ListContainersResponse handle(ListContainersRequest request) {
    return ListContainersResponse.newBuilder().addAllContainers(containers.list(request.getFilter())).build();
  }
}
