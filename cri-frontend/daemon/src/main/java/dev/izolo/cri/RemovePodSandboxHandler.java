package dev.izolo.cri;

import dev.izolo.cri.v1.RemovePodSandboxRequest;
import dev.izolo.cri.v1.RemovePodSandboxResponse;
import dev.izolo.sandbox.SandboxService;

/** Forgets a pod; what is not there is removed already. */
final class RemovePodSandboxHandler implements Handler<RemovePodSandboxRequest, RemovePodSandboxResponse> {
  private final SandboxService sandboxes;

  RemovePodSandboxHandler(SandboxService sandboxes) {
    this.sandboxes = sandboxes;
  }

  @Override
  public RemovePodSandboxResponse handle(RemovePodSandboxRequest request) throws Exception {
    sandboxes.remove(Requests.sandboxId(request.getPodSandboxId()));
    return RemovePodSandboxResponse.getDefaultInstance();
  }
}
