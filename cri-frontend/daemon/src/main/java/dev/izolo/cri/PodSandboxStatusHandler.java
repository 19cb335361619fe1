package dev.izolo.cri;

import dev.izolo.cri.v1.PodSandboxStatusRequest;
import dev.izolo.cri.v1.PodSandboxStatusResponse;
import dev.izolo.sandbox.SandboxService;

/** One pod's status. */
final class PodSandboxStatusHandler implements Handler<PodSandboxStatusRequest, PodSandboxStatusResponse> {
  private final SandboxService sandboxes;

  PodSandboxStatusHandler(SandboxService sandboxes) {
    this.sandboxes = sandboxes;
  }

  @Override
  public PodSandboxStatusResponse handle(PodSandboxStatusRequest request) throws Exception {
    return sandboxes.status(Requests.sandboxId(request.getPodSandboxId()), request.getVerbose());
  }
}
