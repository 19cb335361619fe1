package dev.izolo.agent;

/** Why the agent refuses or fails a call; each kind is one gRPC status, mapped in {@link Statuses} alone. */
public abstract sealed class AgentException extends RuntimeException {
  private AgentException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The request itself is wrong, whatever the VM's state. */
  public static final class Invalid extends AgentException {
    public Invalid(String message) {
      super(message, null);
    }

    public Invalid(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** It names something that does not exist. */
  public static final class NotFound extends AgentException {
    public NotFound(String message) {
      super(message, null);
    }
  }

  /** It would make something that exists. */
  public static final class Exists extends AgentException {
    public Exists(String message) {
      super(message, null);
    }
  }

  /** Right as a request, but not in this state, or refused by what was asked to do it. */
  public static final class Refused extends AgentException {
    public Refused(String message) {
      super(message, null);
    }

    public Refused(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** An offset outside what is kept. */
  public static final class OutOfRange extends AgentException {
    public OutOfRange(String message) {
      super(message, null);
    }
  }

  /** Something the VM should be able to do went wrong; the message names the step. */
  public static final class Failed extends AgentException {
    public Failed(String message) {
      super(message, null);
    }

    public Failed(String step, Throwable cause) {
      super(step + ": " + describe(cause), cause);
    }

    /** The JDK's file system errors say only which file, and their type says what of it. */
    private static String describe(Throwable cause) {
      return cause instanceof java.nio.file.FileSystemException file && file.getReason() == null
          ? file.getClass().getSimpleName() + " of " + file.getMessage()
          : cause.getMessage();
    }
  }
}
