package dev.izolo.cri;

import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.RunPodSandboxRequest;
import dev.izolo.cri.v1.RunPodSandboxResponse;
import dev.izolo.sandbox.SandboxService;

/** Starts a pod's VM with its network. */
final class RunPodSandboxHandler implements Handler<RunPodSandboxRequest, RunPodSandboxResponse> {
  private final SandboxService sandboxes;
  private final RuntimeHandlers handlers;

  RunPodSandboxHandler(SandboxService sandboxes, RuntimeHandlers handlers) {
    this.sandboxes = sandboxes;
    this.handlers = handlers;
  }

  @Override
  public RunPodSandboxResponse handle(RunPodSandboxRequest request) throws Exception {
    PodSandboxConfig config = Requests.sandbox(request.hasConfig(), request.getConfig());
    String id = sandboxes.run(config, handlers.resolve(request.getRuntimeHandler()));
    return RunPodSandboxResponse.newBuilder().setPodSandboxId(id).build();
  }
}
