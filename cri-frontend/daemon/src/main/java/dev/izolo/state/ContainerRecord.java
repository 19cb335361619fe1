package dev.izolo.state;

import dev.izolo.vm.AttachedDisk;
import java.util.List;

/**
 * A container as it is on disk. Never changed: a step writes a new one.
 *
 * @param version of this form
 * @param config the ContainerConfig as it came, in protobuf's encoding
 * @param imageId id of its image's config
 * @param imageRef digest reference of the image, or its id
 * @param diffIds its image's layers, lowest first
 * @param scratch its writable disk where it is attached, or null
 * @param spec the OCI runtime-spec JSON that the agent was given
 * @param stopSignal the signal that ends it politely
 * @param user as the guest resolved it, or null
 * @param resources the LinuxContainerResources in force, in protobuf's encoding
 */
public record ContainerRecord(
    int version,
    String id,
    String sandboxId,
    ContainerStep step,
    byte[] config,
    String imageId,
    String imageRef,
    List<String> diffIds,
    AttachedDisk scratch,
    String spec,
    int stopSignal,
    User user,
    byte[] resources,
    Life life,
    List<PhaseRecord> timeline) {
  public static final int VERSION = 1;

  /** Who its first process runs as. */
  public record User(long uid, long gid, List<Long> supplementalGids) {}

  /** Times are Unix nanoseconds, zero for not yet; reason and message as CRI's ContainerStatus has them. */
  public record Life(
      long createdAtNanos, long startedAtNanos, long finishedAtNanos, int exitCode, String reason, String message) {
    public static Life created(long now) {
      return new Life(now, 0, 0, 0, "", "");
    }

    public Life started(long now) {
      return new Life(createdAtNanos, now, 0, 0, "", "");
    }

    public Life ended(long now, int code, String why, String words) {
      return new Life(createdAtNanos, startedAtNanos, Math.max(now, startedAtNanos), code, why, words);
    }
  }

  public ContainerRecord at(ContainerStep to) {
    return new ContainerRecord(
        version, id, sandboxId, to, config, imageId, imageRef, diffIds, scratch, spec, stopSignal, user, resources, life,
        timeline);
  }

  public ContainerRecord withScratch(AttachedDisk disk) {
    return new ContainerRecord(
        version, id, sandboxId, step, config, imageId, imageRef, diffIds, disk, spec, stopSignal, user, resources, life,
        timeline);
  }

  public ContainerRecord withUser(User resolved) {
    return new ContainerRecord(
        version, id, sandboxId, step, config, imageId, imageRef, diffIds, scratch, spec, stopSignal, resolved, resources,
        life, timeline);
  }

  public ContainerRecord withResources(byte[] changed) {
    return new ContainerRecord(
        version, id, sandboxId, step, config, imageId, imageRef, diffIds, scratch, spec, stopSignal, user, changed, life,
        timeline);
  }

  public ContainerRecord withLife(Life changed) {
    return new ContainerRecord(
        version, id, sandboxId, step, config, imageId, imageRef, diffIds, scratch, spec, stopSignal, user, resources,
        changed, timeline);
  }

  public ContainerRecord withTimeline(List<PhaseRecord> phases) {
    return new ContainerRecord(
        version, id, sandboxId, step, config, imageId, imageRef, diffIds, scratch, spec, stopSignal, user, resources, life,
        phases);
  }
}
