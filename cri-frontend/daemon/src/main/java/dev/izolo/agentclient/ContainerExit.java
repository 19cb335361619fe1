package dev.izolo.agentclient;

import dev.izolo.agent.v1.ProcessExit;
import dev.izolo.state.CriException;
import dev.izolo.state.Ids;

/**
 * How a container's first process ended, as the guest says.
 *
 * @param exitCode 0..255
 * @param exitedAtNanos Unix time by the guest's clock
 */
public record ContainerExit(String containerId, int exitCode, long exitedAtNanos, boolean oomKilled) {
  static ContainerExit of(String call, String containerId, ProcessExit exit) throws CriException {
    if (!Ids.isValid(containerId)) {
      throw AgentErrors.violation(call, "a container id that Izolo never gave");
    }
    checkCode(call, exit);
    return new ContainerExit(containerId, exit.getExitCode(), exit.getExitedAtUnixNanos(), exit.getOomKilled());
  }

  static void checkCode(String call, ProcessExit exit) throws CriException {
    if (exit.getExitCode() < 0 || exit.getExitCode() > 255) {
      throw AgentErrors.violation(call, "exit code " + exit.getExitCode());
    }
  }
}
