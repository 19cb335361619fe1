package dev.izolo.cli;

import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.ContainerMetadata;
import dev.izolo.cri.v1.ImageSpec;
import dev.izolo.cri.v1.KeyValue;
import dev.izolo.cri.v1.LinuxContainerConfig;
import dev.izolo.cri.v1.LinuxContainerResources;
import dev.izolo.cri.v1.LinuxPodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxMetadata;
import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.util.List;

/**
 * What {@code run} was asked for, and as the CRI configurations that say so.
 *
 * @param cpuQuota microseconds of CPU in every {@link #CPU_PERIOD_MICROS}; 0 for no limit
 * @param memoryBytes 0 for no limit
 * @param remove whether the pod goes when the container has ended
 */
record RunOptions(
    String image,
    List<String> command,
    List<Variable> variables,
    long cpuQuota,
    long memoryBytes,
    String runtimeHandler,
    boolean remove) {

  static final long CPU_PERIOD_MICROS = 100_000;

  /** Of the container's log, beneath the pod's log directory. */
  static final String LOG_FILE = "container.log";

  record Variable(String name, String value) {}

  PodSandboxConfig pod(String name, String uid, Path logDirectory) {
    var linux = LinuxPodSandboxConfig.newBuilder();
    if (limited()) {
      linux.setResources(resources());
    }
    return PodSandboxConfig.newBuilder()
        .setMetadata(PodSandboxMetadata.newBuilder().setName(name).setUid(uid).setNamespace("default"))
        .setHostname(name)
        .setLogDirectory(logDirectory.toString())
        .putLabels("dev.izolo.run", "true")
        .setLinux(linux)
        .build();
  }

  ContainerConfig container() {
    var container = ContainerConfig.newBuilder()
        .setMetadata(ContainerMetadata.newBuilder().setName("main"))
        .setImage(ImageSpec.newBuilder().setImage(image))
        .addAllArgs(command)
        .setLogPath(LOG_FILE);
    for (Variable variable : variables) {
      container.addEnvs(KeyValue.newBuilder()
          .setKey(variable.name())
          .setValue(ByteString.copyFromUtf8(variable.value())));
    }
    if (limited()) {
      container.setLinux(LinuxContainerConfig.newBuilder().setResources(resources()));
    }
    return container.build();
  }

  private boolean limited() {
    return cpuQuota > 0 || memoryBytes > 0;
  }

  private LinuxContainerResources resources() {
    var resources = LinuxContainerResources.newBuilder().setMemoryLimitInBytes(memoryBytes);
    if (cpuQuota > 0) {
      resources.setCpuPeriod(CPU_PERIOD_MICROS).setCpuQuota(cpuQuota);
    }
    return resources.build();
  }
}
