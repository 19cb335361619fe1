package dev.izolo.cri;

import dev.izolo.cri.v1.CgroupDriver;
import dev.izolo.cri.v1.LinuxRuntimeConfiguration;
import dev.izolo.cri.v1.RuntimeConfigRequest;
import dev.izolo.cri.v1.RuntimeConfigResponse;

/** How the kubelet is to make cgroups. */
final class RuntimeConfigHandler implements MemoryHandler<RuntimeConfigRequest, RuntimeConfigResponse> {
  private final CgroupDriver driver;

  RuntimeConfigHandler(CgroupDriver driver) {
    this.driver = driver;
  }

  @Override
  public RuntimeConfigResponse handle(RuntimeConfigRequest request) {
    return RuntimeConfigResponse.newBuilder()
        .setLinux(LinuxRuntimeConfiguration.newBuilder().setCgroupDriver(driver))
        .build();
  }
}
