package dev.izolo.e2e.harness;

import dev.izolo.cri.v1.ImageServiceGrpc;
import dev.izolo.cri.v1.ImageSpec;
import dev.izolo.cri.v1.ImageStatusRequest;
import dev.izolo.cri.v1.ImageStatusResponse;
import dev.izolo.cri.v1.LinuxPodSandboxConfig;
import dev.izolo.cri.v1.ListContainersRequest;
import dev.izolo.cri.v1.ListPodSandboxRequest;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxMetadata;
import dev.izolo.cri.v1.PullImageRequest;
import dev.izolo.cri.v1.RemoveImageRequest;
import dev.izolo.cri.v1.RemovePodSandboxRequest;
import dev.izolo.cri.v1.RunPodSandboxRequest;
import dev.izolo.cri.v1.RuntimeServiceGrpc;
import dev.izolo.cri.v1.StatusRequest;
import dev.izolo.cri.v1.StopPodSandboxRequest;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A CRI client on the daemon's socket, with a bound on each call. */
public final class Cri implements AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final EpollEventLoopGroup loop = new EpollEventLoopGroup(1);
  private final ManagedChannel channel;

  private Cri(Path socket) {
    channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
        .overrideAuthority("localhost").eventLoopGroup(loop).channelType(EpollDomainSocketChannel.class)
        .maxInboundMessageSize(32 << 20).usePlaintext().build();
  }

  public static Cri connect(Path socket) {
    return new Cri(socket);
  }

  /** The runtime service, calls bounded by a boot's time. */
  public RuntimeServiceGrpc.RuntimeServiceBlockingStub runtime() {
    return runtime(Patience.boot());
  }

  public RuntimeServiceGrpc.RuntimeServiceBlockingStub runtime(Duration bound) {
    return RuntimeServiceGrpc.newBlockingStub(channel).withDeadlineAfter(bound.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** For calls that a test cancels. */
  public RuntimeServiceGrpc.RuntimeServiceFutureStub runtimeFuture() {
    return RuntimeServiceGrpc.newFutureStub(channel)
        .withDeadlineAfter(Patience.boot().toMillis(), TimeUnit.MILLISECONDS);
  }

  public ImageServiceGrpc.ImageServiceBlockingStub images() {
    return ImageServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(Patience.seconds(60).toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Pulls and returns the image's id. */
  public String pull(String reference) {
    return images().pullImage(PullImageRequest.newBuilder().setImage(spec(reference)).build()).getImageRef();
  }

  public void removeImage(String reference) {
    images().removeImage(RemoveImageRequest.newBuilder().setImage(spec(reference)).build());
  }

  public ImageStatusResponse imageStatus(String reference) {
    return images().imageStatus(ImageStatusRequest.newBuilder().setImage(spec(reference)).setVerbose(true).build());
  }

  /** What the runtime tells of itself, JSON by subject. */
  public Map<String, String> statusInfo() {
    return runtime().status(StatusRequest.newBuilder().setVerbose(true).build()).getInfoMap();
  }

  public static ImageSpec spec(String reference) {
    return ImageSpec.newBuilder().setImage(reference).build();
  }

  /** A pod's config with a name of its own. */
  public static PodSandboxConfig.Builder podConfig(Path logs) {
    String name = "pod-" + NUMBER.incrementAndGet();
    return PodSandboxConfig.newBuilder()
        .setMetadata(PodSandboxMetadata.newBuilder().setName(name).setNamespace("e2e").setUid(UUID.randomUUID().toString()))
        .setHostname(name)
        .setLogDirectory(logs.resolve(name).toString())
        .setLinux(LinuxPodSandboxConfig.newBuilder());
  }

  /** Runs a pod by this config. */
  public Pod runPod(PodSandboxConfig config) {
    return new Pod(this, runtime().runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(config).build())
        .getPodSandboxId(), config);
  }

  /** Stops and removes whatever sandboxes there are. */
  public void removeAllPods() {
    for (var pod : runtime().listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList()) {
      runtime().stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(pod.getId()).build());
      runtime().removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(pod.getId()).build());
    }
  }

  public int podCount() {
    return runtime().listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsCount();
  }

  public int containerCount() {
    return runtime().listContainers(ListContainersRequest.getDefaultInstance()).getContainersCount();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
