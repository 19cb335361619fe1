package dev.izolo.network.process;

import java.io.IOException;

/** A command could not be started, took too long, or said more than it may. The message names the command. */
public final class CommandException extends IOException {
  private static final long serialVersionUID = 1;

  public CommandException(String message) {
    super(message);
  }

  public CommandException(String message, Throwable cause) {
    super(message, cause);
  }
}
