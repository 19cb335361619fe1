package dev.izolo.cri;

import dev.izolo.cri.v1.PodSandboxStatsRequest;
import dev.izolo.cri.v1.PodSandboxStatsResponse;
import dev.izolo.sandbox.SandboxService;

/** One pod's use of resources. */
final class PodSandboxStatsHandler implements Handler<PodSandboxStatsRequest, PodSandboxStatsResponse> {
  private final SandboxService sandboxes;

  PodSandboxStatsHandler(SandboxService sandboxes) {
    this.sandboxes = sandboxes;
  }

  @Override
  public PodSandboxStatsResponse handle(PodSandboxStatsRequest request) throws Exception {
    return PodSandboxStatsResponse.newBuilder()
        .setStats(sandboxes.stats(Requests.sandboxId(request.getPodSandboxId())))
        .build();
  }
}
