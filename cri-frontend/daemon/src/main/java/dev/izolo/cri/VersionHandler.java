package dev.izolo.cri;

import dev.izolo.cri.v1.VersionRequest;
import dev.izolo.cri.v1.VersionResponse;

/** Who serves, and which version of the API. The kubelet checks {@code runtime_api_version}. */
final class VersionHandler implements MemoryHandler<VersionRequest, VersionResponse> {
  private final String version;

  VersionHandler(String version) {
    this.version = version;
  }

  @Override
  public VersionResponse handle(VersionRequest request) {
    return VersionResponse.newBuilder()
        .setVersion("0.1.0")
        .setRuntimeName("izolo")
        .setRuntimeVersion(version)
        .setRuntimeApiVersion("v1")
        .build();
  }
}
