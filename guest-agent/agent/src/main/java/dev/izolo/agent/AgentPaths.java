package dev.izolo.agent;

import java.nio.file.Path;

/**
 * Where the agent keeps what it makes, all on the VM's memory-backed /run.
 *
 * @param run the agent's directory, {@code /run/izolo} in a VM
 */
public record AgentPaths(Path run) {
  public static final AgentPaths GUEST = new AgentPaths(Path.of("/run/izolo"));

  /** The sandbox's own files, which container specs name as bind sources. */
  public Path sandbox() {
    return run.resolve("sandbox");
  }

  /** One directory per container: its bundle, scratch disk and root. */
  public Path container(String id) {
    return run.resolve("containers").resolve(id);
  }

  /** Layer mounts; short, because an overlay's options have to fit one page. */
  public Path layers() {
    return run.resolve("l");
  }

  /** The OCI runtimes' own state. */
  public Path runtimeState() {
    return run.resolve("oci");
  }

  /** Short-lived sockets; short, because a unix socket's path has at most 107 bytes. */
  public Path sockets() {
    return run.resolve("s");
  }
}
