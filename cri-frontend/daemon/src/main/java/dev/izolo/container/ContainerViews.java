package dev.izolo.container;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.izolo.cri.v1.Container;
import dev.izolo.cri.v1.ContainerFilter;
import dev.izolo.cri.v1.ContainerResources;
import dev.izolo.cri.v1.ContainerState;
import dev.izolo.cri.v1.ContainerStatus;
import dev.izolo.cri.v1.ContainerUser;
import dev.izolo.cri.v1.LinuxContainerUser;
import dev.izolo.sandbox.SandboxViews;
import dev.izolo.state.ContainerRecord;
import dev.izolo.state.ContainerRecord.Life;
import dev.izolo.state.ContainerStep;
import dev.izolo.state.CriException;
import dev.izolo.stream.ContainerLog;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** Containers as CRI's messages show them. */
final class ContainerViews {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ContainerViews() {}

  static ContainerState state(ContainerUnit unit) {
    return state(unit.step());
  }

  private static ContainerState state(ContainerStep step) {
    return switch (step) {
      case CREATING, CREATED, STARTING -> ContainerState.CONTAINER_CREATED;
      case RUNNING -> ContainerState.CONTAINER_RUNNING;
      case EXITED, REMOVING -> ContainerState.CONTAINER_EXITED;
    };
  }

  /**
   * Made once and sent many times. Its longest strings are kept as the bytes that are sent; encoding them anew takes
   * most of a list's time.
   *
   * @param record the unit's, as it was when the caller looked
   */
  static Container listed(ContainerUnit unit, ContainerRecord record) {
    var config = unit.config();
    return Container.newBuilder()
        .setIdBytes(ByteString.copyFromUtf8(unit.id()))
        .setPodSandboxIdBytes(ByteString.copyFromUtf8(unit.sandbox().id()))
        .setMetadata(config.getMetadata())
        .setImage(config.getImage())
        .setImageRefBytes(ByteString.copyFromUtf8(record.imageRef()))
        .setImageIdBytes(ByteString.copyFromUtf8(record.imageId()))
        .setState(state(record.step()))
        .setCreatedAt(record.life().createdAtNanos())
        .putAllLabels(config.getLabelsMap())
        .putAllAnnotations(config.getAnnotationsMap())
        .build();
  }

  /** The filter, taken apart once for all containers that it is put to. */
  static Predicate<ContainerUnit> matching(ContainerFilter filter) {
    String id = filter.getId();
    String sandboxId = filter.getPodSandboxId();
    Optional<ContainerState> state =
        filter.hasState() ? Optional.of(filter.getState().getState()) : Optional.empty();
    Map<String, String> labels = filter.getLabelSelectorMap();
    return unit -> unit.id().startsWith(id)
        && unit.sandbox().id().startsWith(sandboxId)
        && (state.isEmpty() || state.get() == state(unit))
        && (labels.isEmpty() || SandboxViews.hasLabels(unit.config().getLabelsMap(), labels));
  }

  static ContainerStatus status(ContainerUnit unit) {
    ContainerRecord record = unit.record();
    Life life = record.life();
    var config = unit.config();
    var status =
        ContainerStatus.newBuilder()
            .setId(unit.id())
            .setMetadata(config.getMetadata())
            .setState(state(unit))
            .setCreatedAt(life.createdAtNanos())
            .setStartedAt(life.startedAtNanos())
            .setFinishedAt(life.finishedAtNanos())
            .setExitCode(life.exitCode())
            .setReason(life.reason())
            .setMessage(life.message())
            .setImage(config.getImage())
            .setImageRef(record.imageRef())
            .setImageId(record.imageId())
            .putAllLabels(config.getLabelsMap())
            .putAllAnnotations(config.getAnnotationsMap())
            .addAllMounts(config.getMountsList())
            .setResources(ContainerResources.newBuilder().setLinux(unit.resources()))
            .setStopSignal(config.getStopSignal());
    ContainerLog.resolve(unit.sandbox().config().getLogDirectory(), config.getLogPath())
        .ifPresent(path -> status.setLogPath(path.toString()));
    if (record.user() != null) {
      status.setUser(
          ContainerUser.newBuilder()
              .setLinux(
                  LinuxContainerUser.newBuilder()
                      .setUid(record.user().uid())
                      .setGid(record.user().gid())
                      .addAllSupplementalGroups(record.user().supplementalGids())));
    }
    return status.build();
  }

  static Map<String, String> info(ContainerUnit unit) throws CriException {
    try {
      var facts = new LinkedHashMap<String, Object>();
      facts.put("sandboxID", unit.sandbox().id());
      facts.put("step", unit.step().name());
      facts.put("runtimeHandler", unit.sandbox().record().runtimeHandler());
      facts.put("config", JSON.readTree(JsonFormat.printer().print(unit.config())));
      facts.put("runtimeSpec", JSON.readTree(unit.record().spec()));
      return Map.of(
          "info", JSON.writeValueAsString(facts), "timeline", SandboxViews.timeline(unit.phases()));
    } catch (JsonProcessingException | InvalidProtocolBufferException e) {
      throw new CriException.Internal("cannot show container " + unit.id(), e);
    }
  }
}
