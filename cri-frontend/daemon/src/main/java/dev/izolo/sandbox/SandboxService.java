package dev.izolo.sandbox;

import dev.izolo.cri.v1.PodSandbox;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxFilter;
import dev.izolo.cri.v1.PodSandboxStats;
import dev.izolo.cri.v1.PodSandboxStatsFilter;
import dev.izolo.cri.v1.PodSandboxStatusResponse;
import dev.izolo.state.CriException;
import java.util.List;

/**
 * Pod sandboxes, one microVM each. CRI's messages are the model at this seam. Ids may be given as a unique prefix, as
 * crictl's users do. Methods block, may be called from virtual threads, and are safe for concurrent use; interrupting
 * {@link #run} rolls it back.
 */
public interface SandboxService {
  /**
   * Starts a sandbox and returns its id when its agent is configured and its network is up.
   *
   * @param runtimeHandler name of a configured runtime handler, known to exist; never empty
   */
  String run(PodSandboxConfig config, String runtimeHandler) throws CriException, InterruptedException;

  /** Kills its containers, ends its VM, gives back its network. Idempotent; an unknown id is not an error. */
  void stop(String id) throws CriException, InterruptedException;

  /** Stops it, and forgets it and its containers. Idempotent; an unknown id is not an error. */
  void remove(String id) throws CriException, InterruptedException;

  /**
   * Its status; with {@code verbose}, {@code info} holds a key {@code timeline}: a JSON array of
   * {@code {"name":..,"start_ms":..,"length_ms":..}} in the order the phases began.
   */
  PodSandboxStatusResponse status(String id, boolean verbose) throws CriException;

  /** Sandboxes that match; reads memory only. */
  List<PodSandbox> list(PodSandboxFilter filter);

  PodSandboxStats stats(String id) throws CriException, InterruptedException;

  /** Stats of all that match and answer; one that ends meanwhile is left out. */
  List<PodSandboxStats> stats(PodSandboxStatsFilter filter) throws CriException, InterruptedException;
}
