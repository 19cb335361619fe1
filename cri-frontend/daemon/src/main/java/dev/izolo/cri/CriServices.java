package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.CgroupDriver;
import dev.izolo.cri.v1.ImageServiceGrpc;
import dev.izolo.cri.v1.RuntimeServiceGrpc;
import dev.izolo.image.ImageService;
import dev.izolo.network.PodNetworks;
import dev.izolo.sandbox.SandboxService;
import dev.izolo.sandbox.WarmStatus;
import dev.izolo.state.ContainerEvents;
import dev.izolo.vm.Vmm;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * CRI's two gRPC services: which handler serves which RPC.
 *
 * @param version Izolo's own
 * @param cgroupDriver what the kubelet is told
 * @param configuration what a verbose Status shows
 */
public record CriServices(
    String version,
    SandboxService sandboxes,
    ContainerService containers,
    ContainerEvents events,
    ImageService images,
    PodNetworks networks,
    Vmm vmm,
    RuntimeHandlers handlers,
    CgroupDriver cgroupDriver,
    Map<String, String> configuration,
    Supplier<WarmStatus> warm) {

  private static final String NO_STREAMING =
      "streaming sessions are not available yet; `crictl exec -s` and `crictl logs` work";
  private static final String NO_STREAMED_LISTS = "not available yet; use the RPC of the same name without Stream";
  private static final String NO_METRICS = "not available yet; PodSandboxStats and ContainerStats work";
  private static final String NO_CHECKPOINTS = "checkpoints of a VM's pods are not available";

  List<ServerServiceDefinition> definitions(CallRunner runner) {
    return List.of(
        runtime(new RpcTable(RuntimeServiceGrpc.getServiceDescriptor(), runner)),
        images(new RpcTable(ImageServiceGrpc.getServiceDescriptor(), runner)));
  }

  private ServerServiceDefinition runtime(RpcTable table) {
    return table
        .fromMemory(RuntimeServiceGrpc.getVersionMethod(), new VersionHandler(version))
        .unary(RuntimeServiceGrpc.getStatusMethod(), new StatusHandler(vmm, networks, handlers, configuration, warm))
        .fromMemory(RuntimeServiceGrpc.getRuntimeConfigMethod(), new RuntimeConfigHandler(cgroupDriver))
        .fromMemory(RuntimeServiceGrpc.getUpdateRuntimeConfigMethod(), new UpdateRuntimeConfigHandler())
        .unary(RuntimeServiceGrpc.getRunPodSandboxMethod(), new RunPodSandboxHandler(sandboxes, handlers))
        .unary(RuntimeServiceGrpc.getStopPodSandboxMethod(), new StopPodSandboxHandler(sandboxes))
        .unary(RuntimeServiceGrpc.getRemovePodSandboxMethod(), new RemovePodSandboxHandler(sandboxes))
        .unary(RuntimeServiceGrpc.getPodSandboxStatusMethod(), new PodSandboxStatusHandler(sandboxes))
        .fromMemory(RuntimeServiceGrpc.getListPodSandboxMethod(), new ListPodSandboxHandler(sandboxes))
        .unary(RuntimeServiceGrpc.getPodSandboxStatsMethod(), new PodSandboxStatsHandler(sandboxes))
        .unary(RuntimeServiceGrpc.getListPodSandboxStatsMethod(), new ListPodSandboxStatsHandler(sandboxes))
        .unary(RuntimeServiceGrpc.getCreateContainerMethod(), new CreateContainerHandler(containers))
        .unary(RuntimeServiceGrpc.getStartContainerMethod(), new StartContainerHandler(containers))
        .unary(RuntimeServiceGrpc.getStopContainerMethod(), new StopContainerHandler(containers))
        .unary(RuntimeServiceGrpc.getRemoveContainerMethod(), new RemoveContainerHandler(containers))
        .fromMemory(RuntimeServiceGrpc.getListContainersMethod(), new ListContainersHandler(containers))
        .unary(RuntimeServiceGrpc.getContainerStatusMethod(), new ContainerStatusHandler(containers))
        .unary(RuntimeServiceGrpc.getExecSyncMethod(), new ExecSyncHandler(containers))
        .unary(RuntimeServiceGrpc.getContainerStatsMethod(), new ContainerStatsHandler(containers))
        .unary(RuntimeServiceGrpc.getListContainerStatsMethod(), new ListContainerStatsHandler(containers))
        .unary(RuntimeServiceGrpc.getReopenContainerLogMethod(), new ReopenContainerLogHandler(containers))
        .unary(RuntimeServiceGrpc.getUpdateContainerResourcesMethod(), new UpdateContainerResourcesHandler(containers))
        .stream(RuntimeServiceGrpc.getGetContainerEventsMethod(), new GetContainerEventsHandler(events))
        .refuse(RuntimeServiceGrpc.getExecMethod(), NO_STREAMING)
        .refuse(RuntimeServiceGrpc.getAttachMethod(), NO_STREAMING)
        .refuse(RuntimeServiceGrpc.getPortForwardMethod(), NO_STREAMING)
        .refuse(RuntimeServiceGrpc.getStreamPodSandboxesMethod(), NO_STREAMED_LISTS)
        .refuse(RuntimeServiceGrpc.getStreamContainersMethod(), NO_STREAMED_LISTS)
        .refuse(RuntimeServiceGrpc.getStreamContainerStatsMethod(), NO_STREAMED_LISTS)
        .refuse(RuntimeServiceGrpc.getStreamPodSandboxStatsMethod(), NO_STREAMED_LISTS)
        .refuse(RuntimeServiceGrpc.getListMetricDescriptorsMethod(), NO_METRICS)
        .refuse(RuntimeServiceGrpc.getListPodSandboxMetricsMethod(), NO_METRICS)
        .refuse(RuntimeServiceGrpc.getStreamPodSandboxMetricsMethod(), NO_METRICS)
        .refuse(RuntimeServiceGrpc.getCheckpointContainerMethod(), NO_CHECKPOINTS)
        .refuse(RuntimeServiceGrpc.getCheckpointPodMethod(), NO_CHECKPOINTS)
        .refuse(RuntimeServiceGrpc.getRestorePodMethod(), NO_CHECKPOINTS)
        .refuse(RuntimeServiceGrpc.getUpdatePodSandboxResourcesMethod(), "resizing a running pod's VM is not available yet")
        .build();
  }

  private ServerServiceDefinition images(RpcTable table) {
    return table
        .unary(ImageServiceGrpc.getListImagesMethod(), new ListImagesHandler(images))
        .unary(ImageServiceGrpc.getImageStatusMethod(), new ImageStatusHandler(images))
        .unary(ImageServiceGrpc.getPullImageMethod(), new PullImageHandler(images))
        .unary(ImageServiceGrpc.getRemoveImageMethod(), new RemoveImageHandler(images))
        .unary(ImageServiceGrpc.getImageFsInfoMethod(), new ImageFsInfoHandler(images))
        .refuse(ImageServiceGrpc.getStreamImagesMethod(), NO_STREAMED_LISTS)
        .build();
  }
}
