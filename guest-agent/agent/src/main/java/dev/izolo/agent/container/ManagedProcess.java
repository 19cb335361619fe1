package dev.izolo.agent.container;

import dev.izolo.agent.process.ProcessStreams;
import dev.izolo.agent.v1.ProcessExit;
import dev.izolo.agent.v1.ProcessId;

/** A container's first process, or a further one: its streams, and in time its number and its exit. */
public final class ManagedProcess {
  private final ProcessId id;
  private final ProcessStreams streams = new ProcessStreams();
  private final boolean stdin;
  private final boolean stdinOnce;
  private volatile int pid;
  private volatile ProcessExit exit;

  ManagedProcess(ProcessId id, boolean stdin, boolean stdinOnce) {
    this.id = id;
    this.stdin = stdin;
    this.stdinOnce = stdinOnce;
  }

  public ProcessId id() {
    return id;
  }

  public ProcessStreams streams() {
    return streams;
  }

  public boolean stdin() {
    return stdin;
  }

  /** Its input ends with the first writer. */
  public boolean stdinOnce() {
    return stdinOnce;
  }

  /** 0 before it runs. */
  public int pid() {
    return pid;
  }

  /** Null until it has ended. */
  public ProcessExit exit() {
    return exit;
  }

  void started(int number) {
    pid = number;
  }

  void ended(ProcessExit how) {
    exit = how;
  }
}
