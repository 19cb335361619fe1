package dev.izolo.sandbox;

import dev.izolo.lifecycle.Timeline;
import dev.izolo.network.NetworkException;
import dev.izolo.network.PodNetworks.PodNetwork;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Where a sandbox's VM and its prepared network come from. They come together, since a VM that was made ahead sits in a
 * network namespace that was made ahead.
 */
public interface VmSource {
  /**
   * @param directory an existing one, for the VM alone
   * @param cgroup where its processes belong
   */
  record Request(String sandboxId, String handlerName, VmSize size, Path directory, List<Path> cgroup) {}

  /**
   * What was claimed. The caller owns it: it releases the network by {@code network().sandboxId()} and destroys the VM.
   */
  interface Claim {
    PodNetwork network();

    /**
     * The VM, as soon as there is one; called once. Can be awaited beside CNI's work on the network.
     *
     * @param runs called as soon as a VM executes guest code: until then its start keeps the host's processors busy, and
     *     from then on it waits for the guest's; not called if there is none, and perhaps more than once
     * @throws VmException if there will be none; nothing of it is left then
     */
    Vm vm(Timeline timeline, Runnable runs) throws VmException, InterruptedException;

    /** Whether the VM has booted, so that its agent's start was part of the run; known once there is a VM. */
    default boolean booted() {
      return true;
    }

    /** Waits until its agent answers. */
    default void awaitAgent(Vm vm, Duration timeout) throws VmException, InterruptedException {
      vm.awaitAgent(timeout);
    }
  }

  /** Has the network ready when it returns; nothing is left when it throws. */
  Claim claim(Request request) throws NetworkException, VmException, InterruptedException;
}
