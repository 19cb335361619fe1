package dev.izolo.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.izolo.cri.v1.LinuxPodSandboxStatus;
import dev.izolo.cri.v1.Namespace;
import dev.izolo.cri.v1.PodIP;
import dev.izolo.cri.v1.PodSandbox;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxFilter;
import dev.izolo.cri.v1.PodSandboxNetworkStatus;
import dev.izolo.cri.v1.PodSandboxState;
import dev.izolo.cri.v1.PodSandboxStatus;
import dev.izolo.state.CriException;
import dev.izolo.state.PhaseRecord;
import dev.izolo.state.RunStep;
import dev.izolo.state.SandboxRecord;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** Sandboxes as CRI's messages show them. */
public final class SandboxViews {
  private static final ObjectMapper JSON = new ObjectMapper();

  private SandboxViews() {}

  static PodSandboxState state(Sandbox sandbox) {
    return state(sandbox.record());
  }

  private static PodSandboxState state(SandboxRecord record) {
    return record.step() == RunStep.READY ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY;
  }

  /** Made once and sent many times: the id is kept as the bytes that are sent. */
  static PodSandbox listed(SandboxRecord record, PodSandboxConfig config) {
    return PodSandbox.newBuilder()
        .setIdBytes(ByteString.copyFromUtf8(record.id()))
        .setMetadata(config.getMetadata())
        .setState(state(record))
        .setCreatedAt(record.createdAtNanos())
        .putAllLabels(config.getLabelsMap())
        .putAllAnnotations(config.getAnnotationsMap())
        .setRuntimeHandler(record.runtimeHandler())
        .build();
  }

  /** The status as events carry it, too. */
  public static PodSandboxStatus status(Sandbox sandbox) {
    SandboxRecord record = sandbox.record();
    var config = sandbox.config();
    var status =
        PodSandboxStatus.newBuilder()
            .setId(sandbox.id())
            .setMetadata(config.getMetadata())
            .setState(state(sandbox))
            .setCreatedAt(record.createdAtNanos())
            .setLinux(
                LinuxPodSandboxStatus.newBuilder()
                    .setNamespaces(
                        Namespace.newBuilder()
                            .setOptions(config.getLinux().getSecurityContext().getNamespaceOptions())))
            .putAllLabels(config.getLabelsMap())
            .putAllAnnotations(config.getAnnotationsMap())
            .setRuntimeHandler(record.runtimeHandler());
    var network = PodSandboxNetworkStatus.newBuilder();
    if (sandbox.isReady() && !record.podIps().isEmpty()) {
      network.setIp(record.podIps().getFirst());
      record.podIps().stream().skip(1).forEach(ip -> network.addAdditionalIps(PodIP.newBuilder().setIp(ip)));
    }
    return status.setNetwork(network).build();
  }

  static Map<String, String> info(Sandbox sandbox) throws CriException {
    SandboxRecord record = sandbox.record();
    var facts = new LinkedHashMap<String, Object>();
    facts.put("sandboxID", record.id());
    facts.put("step", record.step().name());
    facts.put("runtimeHandler", record.runtimeHandler());
    facts.put("message", record.message());
    if (record.vm() != null) {
      facts.put("pid", record.vm().qemu().pid());
      facts.put("uid", record.vm().uid());
      facts.put("vmDirectory", record.vm().directory().toString());
    }
    if (sandbox.hasVm()) {
      facts.put("consoleTail", sandbox.vm().consoleTail());
    }
    try {
      facts.put("config", JSON.readTree(JsonFormat.printer().print(sandbox.config())));
      return Map.of("info", JSON.writeValueAsString(facts), "timeline", timeline(record.timeline()));
    } catch (JsonProcessingException | InvalidProtocolBufferException e) {
      throw new CriException.Internal("cannot show sandbox " + record.id(), e);
    }
  }

  /** A JSON array of {@code {"name":..,"start_ms":..,"length_ms":..}}. */
  public static String timeline(List<PhaseRecord> phases) {
    var array = JSON.createArrayNode();
    for (PhaseRecord phase : phases) {
      array
          .addObject()
          .put("name", phase.name())
          .put("start_ms", Math.round(phase.startMs() * 1000) / 1000.0)
          .put("length_ms", Math.round(phase.lengthMs() * 1000) / 1000.0);
    }
    return array.toString();
  }

  /** The filter, taken apart once for all sandboxes that it is put to. */
  static Predicate<Sandbox> matching(PodSandboxFilter filter) {
    String id = filter.getId();
    Optional<PodSandboxState> state =
        filter.hasState() ? Optional.of(filter.getState().getState()) : Optional.empty();
    Map<String, String> labels = filter.getLabelSelectorMap();
    return sandbox -> sandbox.id().startsWith(id)
        && (state.isEmpty() || state.get() == state(sandbox))
        && (labels.isEmpty() || hasLabels(sandbox.config().getLabelsMap(), labels));
  }

  /** Whether all that is selected is there with the same value. */
  public static boolean hasLabels(Map<String, String> labels, Map<String, String> selector) {
    return labels.entrySet().containsAll(selector.entrySet());
  }
}
