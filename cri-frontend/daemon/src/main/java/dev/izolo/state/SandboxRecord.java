package dev.izolo.state;

import dev.izolo.vm.AttachedDisk;
import dev.izolo.vm.VmRecord;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A sandbox as it is on disk. Never changed: a step writes a new one.
 *
 * @param version of this form
 * @param config the PodSandboxConfig as it came, in protobuf's encoding
 * @param networkId what the network is known by, or empty while there may be none
 * @param vm the VM, or null while there may be none
 * @param podIps addresses, the primary first
 * @param layers disks of image layers, by diff id
 * @param message why it is not ready, or empty
 */
public record SandboxRecord(
    int version,
    String id,
    RunStep step,
    String runtimeHandler,
    long createdAtNanos,
    byte[] config,
    String networkId,
    VmRecord vm,
    List<String> podIps,
    Map<String, AttachedDisk> layers,
    List<PhaseRecord> timeline,
    String message) {
  public static final int VERSION = 1;

  public static SandboxRecord reserved(String id, String runtimeHandler, long createdAtNanos, byte[] config) {
    return new SandboxRecord(
        VERSION, id, RunStep.RESERVED, runtimeHandler, createdAtNanos, config, "", null, List.of(), Map.of(), List.of(), "");
  }

  /** One that no pod has asked for yet; whatever may come to be of it is named by its id. */
  public static SandboxRecord spare(String id, long createdAtNanos) {
    return new SandboxRecord(
        VERSION, id, RunStep.SPARE, "", createdAtNanos, new byte[0], id, null, List.of(), Map.of(), List.of(), "");
  }

  /** The spare sandbox becomes a pod's. */
  public SandboxRecord claimed(RunStep to, String handler, long atNanos, byte[] podConfig) {
    return new SandboxRecord(
        version, id, to, handler, atNanos, podConfig, networkId, vm, podIps, layers, timeline, message);
  }

  public SandboxRecord at(RunStep to) {
    return new SandboxRecord(
        version, id, to, runtimeHandler, createdAtNanos, config, networkId, vm, podIps, layers, timeline, message);
  }

  public SandboxRecord withNetwork(String network) {
    return new SandboxRecord(
        version, id, step, runtimeHandler, createdAtNanos, config, network, vm, podIps, layers, timeline, message);
  }

  public SandboxRecord withVm(VmRecord machine) {
    return new SandboxRecord(
        version, id, step, runtimeHandler, createdAtNanos, config, networkId, machine, podIps, layers, timeline, message);
  }

  public SandboxRecord withPodIps(List<String> ips) {
    return new SandboxRecord(
        version, id, step, runtimeHandler, createdAtNanos, config, networkId, vm, ips, layers, timeline, message);
  }

  public SandboxRecord withLayers(Map<String, AttachedDisk> attached) {
    return new SandboxRecord(
        version, id, step, runtimeHandler, createdAtNanos, config, networkId, vm, podIps, attached, timeline, message);
  }

  public SandboxRecord withLayer(String diffId, AttachedDisk disk) {
    var more = new HashMap<>(layers);
    more.put(diffId, disk);
    return withLayers(Map.copyOf(more));
  }

  public SandboxRecord withoutLayer(String diffId) {
    var fewer = new HashMap<>(layers);
    fewer.remove(diffId);
    return withLayers(Map.copyOf(fewer));
  }

  public SandboxRecord withTimeline(List<PhaseRecord> phases) {
    return new SandboxRecord(
        version, id, step, runtimeHandler, createdAtNanos, config, networkId, vm, podIps, layers, phases, message);
  }

  public SandboxRecord withMessage(String why) {
    return new SandboxRecord(
        version, id, step, runtimeHandler, createdAtNanos, config, networkId, vm, podIps, layers, timeline, why);
  }
}
