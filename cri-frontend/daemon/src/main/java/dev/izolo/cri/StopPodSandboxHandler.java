package dev.izolo.cri;

import dev.izolo.cri.v1.StopPodSandboxRequest;
import dev.izolo.cri.v1.StopPodSandboxResponse;
import dev.izolo.sandbox.SandboxService;

/** Ends a pod's VM and gives back its network; what is not there is stopped already. */
final class StopPodSandboxHandler implements Handler<StopPodSandboxRequest, StopPodSandboxResponse> {
  private final SandboxService sandboxes;

  StopPodSandboxHandler(SandboxService sandboxes) {
    this.sandboxes = sandboxes;
  }

  @Override
  public StopPodSandboxResponse handle(StopPodSandboxRequest request) throws Exception {
    sandboxes.stop(Requests.sandboxId(request.getPodSandboxId()));
    return StopPodSandboxResponse.getDefaultInstance();
  }
}
