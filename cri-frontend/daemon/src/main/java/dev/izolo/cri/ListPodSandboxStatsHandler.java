package dev.izolo.cri;

import dev.izolo.cri.v1.ListPodSandboxStatsRequest;
import dev.izolo.cri.v1.ListPodSandboxStatsResponse;
import dev.izolo.sandbox.SandboxService;

/** Use of resources by the pods that match a filter. */
final class ListPodSandboxStatsHandler implements Handler<ListPodSandboxStatsRequest, ListPodSandboxStatsResponse> {
  private final SandboxService sandboxes;

  ListPodSandboxStatsHandler(SandboxService sandboxes) {
    this.sandboxes = sandboxes;
  }

  @Override
  public ListPodSandboxStatsResponse handle(ListPodSandboxStatsRequest request) throws Exception {
    return ListPodSandboxStatsResponse.newBuilder().addAllStats(sandboxes.stats(request.getFilter())).build();
  }
}
