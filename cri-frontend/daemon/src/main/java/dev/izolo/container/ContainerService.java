package dev.izolo.container;

import dev.izolo.cri.v1.Container;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.ContainerFilter;
import dev.izolo.cri.v1.ContainerStats;
import dev.izolo.cri.v1.ContainerStatsFilter;
import dev.izolo.cri.v1.ContainerStatusResponse;
import dev.izolo.cri.v1.ExecSyncResponse;
import dev.izolo.cri.v1.LinuxContainerResources;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.state.CriException;
import java.time.Duration;
import java.util.List;

/**
 * Containers inside sandboxes. CRI's messages are the model at this seam. Ids may be given as a unique prefix. Methods
 * block, may be called from virtual threads, and are safe for concurrent use; interrupting {@link #create} rolls it
 * back.
 */
public interface ContainerService {
  /** Prepares a container: its image's layers and scratch disk attached, its root mounted. No process runs yet. */
  String create(String sandboxId, ContainerConfig config, PodSandboxConfig sandboxConfig)
      throws CriException, InterruptedException;

  /**
   * Runs its first process. A command that cannot be executed fails here, and leaves the container exited with code
   * 128 and reason StartError.
   */
  void start(String id) throws CriException, InterruptedException;

  /**
   * Sends the stop signal, and SIGKILL when the time is up (zero: at once). Returns when the container has ended.
   * Idempotent; an unknown id is not an error.
   */
  void stop(String id, Duration timeout) throws CriException, InterruptedException;

  /** Ends it if it runs, and forgets it. Idempotent; an unknown id is not an error. */
  void remove(String id) throws CriException, InterruptedException;

  /** Its status; with {@code verbose}, {@code info} holds a {@code timeline} as a sandbox's does. */
  ContainerStatusResponse status(String id, boolean verbose) throws CriException;

  /** Containers that match; reads memory only. */
  List<Container> list(ContainerFilter filter);

  /**
   * Runs a command in a running container to its end.
   *
   * @param timeout zero for no limit
   * @throws CriException.DeadlineExceeded when the limit ran out; the command and all it started are killed
   */
  ExecSyncResponse execSync(String id, List<String> command, Duration timeout)
      throws CriException, InterruptedException;

  ContainerStats stats(String id) throws CriException, InterruptedException;

  /** Stats of all that match and answer; one that ends meanwhile is left out. */
  List<ContainerStats> stats(ContainerStatsFilter filter) throws CriException, InterruptedException;

  /** Opens its log file anew, at its path, after the kubelet has renamed the old one. */
  void reopenLog(String id) throws CriException, InterruptedException;

  /** Changes a container's resource limits; members that are zero or empty stay as they are. */
  void update(String id, LinuxContainerResources resources) throws CriException, InterruptedException;
}
