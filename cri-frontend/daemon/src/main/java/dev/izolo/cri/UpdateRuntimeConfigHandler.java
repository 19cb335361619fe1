package dev.izolo.cri;

import dev.izolo.cri.v1.UpdateRuntimeConfigRequest;
import dev.izolo.cri.v1.UpdateRuntimeConfigResponse;

/** The kubelet tells the node's pod CIDR here. Whoever writes the CNI configuration knows it: Izolo needs nothing of it. */
final class UpdateRuntimeConfigHandler implements MemoryHandler<UpdateRuntimeConfigRequest, UpdateRuntimeConfigResponse> {
  @Override
  public UpdateRuntimeConfigResponse handle(UpdateRuntimeConfigRequest request) {
    return UpdateRuntimeConfigResponse.getDefaultInstance();
  }
}
