package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.ExecSyncRequest;
import dev.izolo.cri.v1.ExecSyncResponse;
import java.time.Duration;

/** Runs a command in a container to its end. A timeout of zero is none. */
final class ExecSyncHandler implements Handler<ExecSyncRequest, ExecSyncResponse> {
  private final ContainerService containers;

  ExecSyncHandler(ContainerService containers) {
    this.containers = containers;
  }

  @Override
  public ExecSyncResponse handle(ExecSyncRequest request) throws Exception {
    String id = Requests.containerId(request.getContainerId());
    Requests.require(request.getCmdCount() > 0, "cmd is missing: name a command to run");
    Requests.require(request.getTimeout() >= 0, "timeout is negative: give seconds, or 0 for none");
    return containers.execSync(id, request.getCmdList(), Duration.ofSeconds(request.getTimeout()));
  }
}
