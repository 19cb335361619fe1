package dev.izolo.e2e.harness;

import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.ContainerMetadata;
import dev.izolo.cri.v1.CreateContainerRequest;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxStatusRequest;
import dev.izolo.cri.v1.PodSandboxStatusResponse;
import dev.izolo.cri.v1.RemovePodSandboxRequest;
import dev.izolo.cri.v1.StopPodSandboxRequest;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A running pod and what tests do with it. Closing stops and removes it.
 *
 * @param id the sandbox's id
 */
public record Pod(Cri cri, String id, PodSandboxConfig config) implements AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  public PodSandboxStatusResponse status() {
    return cri.runtime().podSandboxStatus(
        PodSandboxStatusRequest.newBuilder().setPodSandboxId(id).setVerbose(true).build());
  }

  /** The phases of its start, a JSON array. */
  public String timeline() {
    return status().getInfoOrThrow("timeline");
  }

  /** The pod's first address, as its status tells it. */
  public String ip() {
    return status().getStatus().getNetwork().getIp();
  }

  /** The pod's IPv6 address. */
  public String ip6() {
    return status().getStatus().getNetwork().getAdditionalIpsList().stream().map(ip -> ip.getIp())
        .filter(ip -> ip.contains(":")).findFirst().orElseThrow(() -> new AssertionError("no IPv6: " + status()));
  }

  /** A container's config with a name and log of its own, running {@code command}. */
  public static ContainerConfig.Builder container(String image, String... command) {
    String name = "c-" + NUMBER.incrementAndGet();
    return ContainerConfig.newBuilder()
        .setMetadata(ContainerMetadata.newBuilder().setName(name))
        .setImage(Cri.spec(image))
        .addAllCommand(List.of(command))
        .setLogPath(name + ".log");
  }

  /** A container's config running a shell script. */
  public static ContainerConfig.Builder script(String image, String script) {
    return container(image, "/bin/sh", "-c", script);
  }

  public Container create(ContainerConfig.Builder config) {
    ContainerConfig built = config.build();
    String container = cri.runtime().createContainer(CreateContainerRequest.newBuilder()
        .setPodSandboxId(id).setConfig(built).setSandboxConfig(this.config).build()).getContainerId();
    return new Container(this, container, built);
  }

  /** Creates and starts. */
  public Container start(ContainerConfig.Builder config) {
    Container container = create(config);
    container.start();
    return container;
  }

  /** Runs a script in a container to its end, removes the container, and returns what it did. */
  public Container.Result run(ContainerConfig.Builder config) {
    try (Container container = start(config)) {
      return container.result();
    }
  }

  /** A container of this image that waits for scripts to run in it; it goes with the pod. */
  public Shell shell(String image) {
    return new Shell(start(script(image, "while :; do sleep 1000; done")));
  }

  /** A container that runs scripts. */
  public record Shell(Container container) {
    /** Runs a script and returns its stdout; fails unless it exits 0. */
    public String run(String script) {
      return container.sh(script);
    }
  }

  public void stop() {
    cri.runtime().stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(id).build());
  }

  public void remove() {
    cri.runtime().removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(id).build());
  }

  @Override
  public void close() {
    stop();
    remove();
  }
}
