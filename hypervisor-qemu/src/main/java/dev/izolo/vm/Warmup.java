package dev.izolo.vm;

/** Exercises a template's guest before it is saved, so that its copies wake up warm. */
@FunctionalInterface
public interface Warmup {
  /**
   * Uses the guest's agent and disks as pods will, and leaves nothing attached.
   *
   * @param vm answers calls; not configured as any sandbox
   */
  void run(Vm vm) throws Exception;
}
