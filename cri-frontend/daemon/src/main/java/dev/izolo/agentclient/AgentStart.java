package dev.izolo.agentclient;

import java.time.Duration;

/**
 * The guest's own account of its start, from the start of its kernel on.
 *
 * @param started when the agent's process began
 * @param ready when it accepted calls; not before it began
 */
public record AgentStart(Duration started, Duration ready) {}
