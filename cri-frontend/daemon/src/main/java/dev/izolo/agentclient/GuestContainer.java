package dev.izolo.agentclient;

import java.util.Optional;

/**
 * A container as the agent lists it.
 *
 * @param exit present when the phase is EXITED
 */
public record GuestContainer(String id, Phase phase, Optional<ContainerExit> exit) {
  public enum Phase {
    CREATED,
    RUNNING,
    EXITED
  }
}
