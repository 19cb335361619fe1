package dev.izolo.cri;

import dev.izolo.cri.v1.ListPodSandboxRequest;
import dev.izolo.cri.v1.ListPodSandboxResponse;
import dev.izolo.sandbox.SandboxService;

/** The pods that match a filter. */
final class ListPodSandboxHandler implements MemoryHandler<ListPodSandboxRequest, ListPodSandboxResponse> {
  private final SandboxService sandboxes;

  ListPodSandboxHandler(SandboxService sandboxes) {
    this.sandboxes = sandboxes;
  }

  @Override
  public ListPodSandboxResponse handle(ListPodSandboxRequest request) {
    return ListPodSandboxResponse.newBuilder().addAllItems(sandboxes.list(request.getFilter())).build();
  }
}
