package dev.izolo.agent;

/** The agent's parts, made once. */
final class Agent {
  private final AgentInfo info;

  Agent(long startedNanos, AgentPaths paths) {
    info = new AgentInfo(startedNanos, paths);
  }

  void markReady() {
    info.markReady();
  }

  AgentInfo info() {
    return info;
  }
}
