package dev.izolo.sandbox;

/**
 * What a runtime handler's name stands for.
 *
 * @param ociRuntime what runs containers in the guest: runc or crun
 * @param vcpus virtual CPUs of a VM whose pod asks for none in particular
 * @param memoryMib guest memory of a VM whose pod sets no limit
 * @param start the fastest way in which its pods may start
 * @param poolSize how many sandboxes wait for its pods
 */
public record RuntimeHandler(String ociRuntime, int vcpus, int memoryMib, Start start, int poolSize) {
  /** Ways to start a pod; each falls back to the next. */
  public enum Start {
    /** From a sandbox that waits. */
    POOL,
    /** From a copy of a saved VM. */
    TEMPLATE,
    /** By booting a VM. */
    COLD
  }

  /** What a VM of a pod that asks for nothing has; templates and waiting sandboxes are of this size. */
  VmSize size() {
    return new VmSize(vcpus, memoryMib);
  }
}
