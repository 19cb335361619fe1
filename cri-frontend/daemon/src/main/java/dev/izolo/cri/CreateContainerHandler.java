package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.CreateContainerRequest;
import dev.izolo.cri.v1.CreateContainerResponse;

/** Prepares a container in a running pod. */
final class CreateContainerHandler implements Handler<CreateContainerRequest, CreateContainerResponse> {
  private final ContainerService containers;

  CreateContainerHandler(ContainerService containers) {
    this.containers = containers;
  }

  @Override
  public CreateContainerResponse handle(CreateContainerRequest request) throws Exception {
    String sandbox = Requests.sandboxId(request.getPodSandboxId());
    ContainerConfig config = Requests.container(request.hasConfig(), request.getConfig());
    String id = containers.create(sandbox, config, request.getSandboxConfig());
    return CreateContainerResponse.newBuilder().setContainerId(id).build();
  }
}
