package dev.izolo.sandbox;

import dev.izolo.state.CriException;
import java.nio.file.Path;
import java.util.List;

/** The cgroups that a sandbox's processes on the host are counted in. */
public interface PodCgroups {
  /**
   * Makes the sandbox's cgroup.
   *
   * @param parent the pod's cgroup_parent, or empty
   * @return the directories whose {@code cgroup.procs} its processes join
   */
  List<Path> create(String sandboxId, String parent) throws CriException, InterruptedException;

  /** Makes the sandbox's cgroup beneath another parent, moves its processes there, and removes the former one. */
  void move(String sandboxId, String from, String to, List<Long> processes) throws CriException, InterruptedException;

  /**
   * Kills what is still in it and removes it. Idempotent. This is also how the VM of a run that was cut short by the
   * daemon's death before it could note the VM is ended.
   */
  void remove(String sandboxId, String parent) throws CriException, InterruptedException;
}
