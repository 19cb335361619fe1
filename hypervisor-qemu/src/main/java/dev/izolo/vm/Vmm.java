package dev.izolo.vm;

import dev.izolo.lifecycle.Timeline;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Makes virtual machines. The one face of the hypervisor that the rest of the daemon sees: it knows VMs, disks, links
 * and vsock, and nothing of pods, images or CRI. {@code QemuVmm} is the real one; tests use {@code FakeVmm}.
 *
 * <p>All methods block and may be called from virtual threads; interrupting the caller cancels the operation and rolls
 * it back. Methods are safe for concurrent use.
 */
public interface Vmm {
  /**
   * Boots a VM from nothing and returns as soon as it executes guest code: the agent may not answer yet
   * (see {@link Vm#awaitAgent}).
   *
   * @param timeline gets the phases of the boot that happen in here
   * @throws VmException if it cannot be started; nothing of it is left then
   */
  Vm boot(VmSpec spec, Timeline timeline) throws VmException, InterruptedException;

  /**
   * The template for VMs of this size: the one that is there and still matches the host, or a new one. A new one takes a
   * cold boot and the warm-up; the old one stays usable until then.
   *
   * @param spec the VM to boot for it; its network is needed for the link's features, its id and directory for the while
   * @throws VmException if it cannot be made; nothing of it is left then
   */
  Template makeTemplate(VmSpec spec, Warmup warmup, Timeline timeline) throws VmException, InterruptedException;

  /** The template for VMs of this size if one is there and still matches the host. */
  Optional<Template> template(int vcpus, int memoryMib);

  /**
   * Starts a VM as a copy of the template. The guest runs when this returns, with the template's identity: it must be
   * configured before any workload runs.
   *
   * @param spec its size must be the template's
   * @throws VmException.Unsupported if the template does not match any more
   */
  Vm restore(VmSpec spec, Template template, Timeline timeline) throws VmException, InterruptedException;

  /**
   * Takes over a VM that a former daemon started and that still runs.
   *
   * @throws VmException.Gone if it no longer runs; whatever it left behind has been removed
   */
  Vm adopt(VmRecord record) throws VmException, InterruptedException;

  /**
   * Removes whatever a VM of this id has on the host though nobody has a record of it, as when a daemon was killed in the
   * middle of a boot: processes, files, ids. Idempotent; nothing to remove is no error.
   *
   * @param directory as in its {@link VmSpec}
   */
  void purge(String id, Path directory) throws VmException;

  /** What this host offers, probed once and remembered. */
  HostSupport hostSupport();
}
