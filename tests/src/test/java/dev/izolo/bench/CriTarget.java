package dev.izolo.bench;

import dev.izolo.cri.v1.AuthConfig;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.ContainerMetadata;
import dev.izolo.cri.v1.CreateContainerRequest;
import dev.izolo.cri.v1.ExecSyncRequest;
import dev.izolo.cri.v1.ExecSyncResponse;
import dev.izolo.cri.v1.ImageServiceGrpc;
import dev.izolo.cri.v1.ImageSpec;
import dev.izolo.cri.v1.ImageStatusRequest;
import dev.izolo.cri.v1.LinuxPodSandboxConfig;
import dev.izolo.cri.v1.LinuxSandboxSecurityContext;
import dev.izolo.cri.v1.ListContainerStatsRequest;
import dev.izolo.cri.v1.ListContainersRequest;
import dev.izolo.cri.v1.ListPodSandboxRequest;
import dev.izolo.cri.v1.NamespaceMode;
import dev.izolo.cri.v1.NamespaceOption;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxMetadata;
import dev.izolo.cri.v1.PodSandboxState;
import dev.izolo.cri.v1.PodSandboxStatusRequest;
import dev.izolo.cri.v1.PullImageRequest;
import dev.izolo.cri.v1.RemoveContainerRequest;
import dev.izolo.cri.v1.RemoveImageRequest;
import dev.izolo.cri.v1.RemovePodSandboxRequest;
import dev.izolo.cri.v1.RunPodSandboxRequest;
import dev.izolo.cri.v1.RuntimeServiceGrpc;
import dev.izolo.cri.v1.StartContainerRequest;
import dev.izolo.cri.v1.StatusRequest;
import dev.izolo.cri.v1.StopContainerRequest;
import dev.izolo.cri.v1.StopPodSandboxRequest;
import dev.izolo.cri.v1.VersionRequest;
import dev.izolo.cri.v1.VersionResponse;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** A CRI server under measurement, spoken to as the kubelet does. Every call has a deadline. */
final class CriTarget implements AutoCloseable {
  private static final long DEADLINE_SECONDS = 180;

  private final String name;
  private final String handler;
  private final Path logs;
  private final EventLoopGroup loop = new EpollEventLoopGroup(1);
  private final ManagedChannel channel;

  /**
   * @param name izolo or containerd
   * @param handler runtime handler for sandboxes; empty for the default
   * @param logs where containers' logs go
   */
  CriTarget(String name, Path socket, String handler, Path logs) {
    this.name = name;
    this.handler = handler;
    this.logs = logs;
    this.channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
        .eventLoopGroup(loop)
        .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
        .overrideAuthority("localhost")
        .usePlaintext()
        .maxInboundMessageSize(16 << 20)
        .build();
  }

  String name() {
    return name;
  }

  /** A pod no one else has, with a process namespace for each container, as a kubelet asks by default. */
  PodSandboxConfig pod() {
    String uid = UUID.randomUUID().toString();
    return PodSandboxConfig.newBuilder()
        .setMetadata(PodSandboxMetadata.newBuilder().setName("bench-" + uid.substring(0, 8)).setUid(uid).setNamespace("bench"))
        .setHostname("bench")
        .setLogDirectory(logs.resolve(uid).toString())
        .setLinux(LinuxPodSandboxConfig.newBuilder()
            .setSecurityContext(LinuxSandboxSecurityContext.newBuilder()
                .setNamespaceOptions(NamespaceOption.newBuilder().setPid(NamespaceMode.CONTAINER))))
        .build();
  }

  VersionResponse version() {
    return runtime().version(VersionRequest.getDefaultInstance());
  }

  Map<String, String> statusInfo() {
    return runtime().status(StatusRequest.newBuilder().setVerbose(true).build()).getInfoMap();
  }

  String runPodSandbox(PodSandboxConfig pod) {
    return runtime().runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(pod).setRuntimeHandler(handler).build())
        .getPodSandboxId();
  }

  Map<String, String> sandboxInfo(String id) {
    return runtime().podSandboxStatus(
        PodSandboxStatusRequest.newBuilder().setPodSandboxId(id).setVerbose(true).build()).getInfoMap();
  }

  void stopPodSandbox(String id) {
    runtime().stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(id).build());
  }

  void removePodSandbox(String id) {
    runtime().removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(id).build());
  }

  void stopAndRemove(String id) {
    try {
      stopPodSandbox(id);
    } catch (StatusRuntimeException e) {
      // containerd 1.6 now and then loses its shim while it stops a pod whose container has ended; the kubelet would
      // call again, too. Izolo gets no second chance here.
      if (!name.equals("containerd")) {
        throw e;
      }
      stopPodSandbox(id);
    }
    removePodSandbox(id);
  }

  String createContainer(String sandbox, PodSandboxConfig pod, String image, String containerName, List<String> command) {
    ContainerConfig config = ContainerConfig.newBuilder()
        .setMetadata(ContainerMetadata.newBuilder().setName(containerName))
        .setImage(ImageSpec.newBuilder().setImage(image))
        .addAllCommand(command)
        .setLogPath(containerName + ".log")
        .build();
    return runtime().createContainer(CreateContainerRequest.newBuilder()
        .setPodSandboxId(sandbox).setSandboxConfig(pod).setConfig(config).build()).getContainerId();
  }

  void startContainer(String id) {
    runtime().startContainer(StartContainerRequest.newBuilder().setContainerId(id).build());
  }

  boolean isReady(String sandbox) {
    return runtime().podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(sandbox).build())
        .getStatus().getState() == PodSandboxState.SANDBOX_READY;
  }

  Path log(PodSandboxConfig pod, String containerName) {
    return Path.of(pod.getLogDirectory(), containerName + ".log");
  }

  void removeContainer(String id) {
    runtime().stopContainer(StopContainerRequest.newBuilder().setContainerId(id).build());
    runtime().removeContainer(RemoveContainerRequest.newBuilder().setContainerId(id).build());
  }

  ExecSyncResponse execSync(String container, List<String> command) {
    return runtime().execSync(ExecSyncRequest.newBuilder()
        .setContainerId(container).addAllCmd(command).setTimeout(DEADLINE_SECONDS).build());
  }

  int listContainers() {
    return runtime().listContainers(ListContainersRequest.getDefaultInstance()).getContainersCount();
  }

  int listPodSandboxes() {
    return runtime().listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsCount();
  }

  int listContainerStats() {
    return runtime().listContainerStats(ListContainerStatsRequest.getDefaultInstance()).getStatsCount();
  }

  boolean hasImage(String image) {
    return images().imageStatus(ImageStatusRequest.newBuilder().setImage(ImageSpec.newBuilder().setImage(image)).build())
        .hasImage();
  }

  void pullImage(String image) {
    images().pullImage(PullImageRequest.newBuilder()
        .setImage(ImageSpec.newBuilder().setImage(image)).setAuth(AuthConfig.getDefaultInstance()).build());
  }

  void removeImage(String image) {
    images().removeImage(RemoveImageRequest.newBuilder().setImage(ImageSpec.newBuilder().setImage(image)).build());
  }

  private RuntimeServiceGrpc.RuntimeServiceBlockingStub runtime() {
    return RuntimeServiceGrpc.newBlockingStub(channel).withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }

  private ImageServiceGrpc.ImageServiceBlockingStub images() {
    return ImageServiceGrpc.newBlockingStub(channel).withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
