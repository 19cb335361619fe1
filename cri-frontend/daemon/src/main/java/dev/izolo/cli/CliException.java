package dev.izolo.cli;

/** A command cannot do its work: one sentence for the person who gave it, and the process's exit code. */
final class CliException extends Exception {
  private static final long serialVersionUID = 1;

  private final int exitCode;

  CliException(int exitCode, String message, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  CliException(String message) {
    this(ExitCodes.FAILED, message, null);
  }

  int exitCode() {
    return exitCode;
  }
}
