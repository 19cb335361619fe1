package dev.izolo.cli;

/** What the process ends with; those of {@code run} are docker's. */
final class ExitCodes {
  static final int OK = 0;
  static final int FAILED = 1;
  /** {@code run}: Izolo failed, not the container. */
  static final int RUNTIME_FAILED = 125;
  /** {@code run}: the command is there but cannot be executed. */
  static final int NOT_EXECUTABLE = 126;
  /** {@code run}: the image has no such command. */
  static final int NO_SUCH_COMMAND = 127;

  private ExitCodes() {}
}
