package dev.izolo.sandbox;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * What sandboxes and containers need of the configuration.
 *
 * @param stateDir records and scratch disks, in {@code sandboxes} beneath
 * @param runDir VMs' sockets, in {@code vms} beneath; short, since a socket's path may have 107 bytes at most
 * @param handlers runtime handlers by name
 * @param bootTimeout from QEMU's start to an answering agent
 * @param agentTimeout the longest that an ordinary call to an agent may take
 * @param scratchBytes size of a container's writable disk; the file is sparse
 * @param statsMaxAge how old the numbers of stats may be; zero has the guests asked at every call
 * @param hostResolvConf where a pod without dns_config gets its resolver from
 * @param seccompDir where Localhost seccomp profiles are
 */
public record PodSettings(
    Path stateDir,
    Path runDir,
    Map<String, RuntimeHandler> handlers,
    Duration bootTimeout,
    Duration agentTimeout,
    long scratchBytes,
    Duration statsMaxAge,
    Path hostResolvConf,
    Path seccompDir) {

  /** The usual ones: ten GiB of scratch, a minute for a call, stats of ten seconds, the kubelet's seccomp directory. */
  public static PodSettings of(Path stateDir, Path runDir, Map<String, RuntimeHandler> handlers, Duration bootTimeout) {
    return new PodSettings(
        stateDir,
        runDir,
        Map.copyOf(handlers),
        bootTimeout,
        Duration.ofSeconds(60),
        10L << 30,
        Duration.ofSeconds(10),
        Path.of("/etc/resolv.conf"),
        Path.of("/var/lib/kubelet/seccomp"));
  }
}
