package dev.izolo.state;

/**
 * What a pod or container operation can answer instead of its result; closed, and mapped to a gRPC status in one place
 * ({@code dev.izolo.cri.StatusMapper}). Messages are for the person at the other end of the CRI socket: what failed,
 * why, and what to do.
 */
public abstract sealed class CriException extends Exception {
  private static final long serialVersionUID = 1;

  private CriException(String message, Throwable cause) {
    super(message, cause);
  }

  /** No sandbox, container or image has this id. */
  public static final class NotFound extends CriException {
    private static final long serialVersionUID = 1;

    public NotFound(String message) {
      super(message, null);
    }
  }

  /** The request itself is wrong and would be at any time. */
  public static final class InvalidArgument extends CriException {
    private static final long serialVersionUID = 1;

    public InvalidArgument(String message) {
      super(message, null);
    }
  }

  /** The name is taken by another sandbox or container. */
  public static final class AlreadyExists extends CriException {
    private static final long serialVersionUID = 1;

    public AlreadyExists(String message) {
      super(message, null);
    }
  }

  /** Not in the state that the operation needs: a container of a stopped sandbox, a container that does not run. */
  public static final class FailedPrecondition extends CriException {
    private static final long serialVersionUID = 1;

    public FailedPrecondition(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Something this needs does not answer now; the same call may succeed later. */
  public static final class Unavailable extends CriException {
    private static final long serialVersionUID = 1;

    public Unavailable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** A limit of this host or of the configuration is reached. */
  public static final class Exhausted extends CriException {
    private static final long serialVersionUID = 1;

    public Exhausted(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The caller's own time limit for the work ran out, for example ExecSync's. */
  public static final class DeadlineExceeded extends CriException {
    private static final long serialVersionUID = 1;

    public DeadlineExceeded(String message) {
      super(message, null);
    }
  }

  /** Izolo does not do this; the message says what does, where something does. */
  public static final class Unimplemented extends CriException {
    private static final long serialVersionUID = 1;

    public Unimplemented(String message) {
      super(message, null);
    }
  }

  /**
   * A named phase of an operation failed. The cause decides the status: a {@code VmException}, {@code ImageException},
   * {@code NetworkException} or another {@code CriException} keeps its own meaning.
   */
  public static final class PhaseFailed extends CriException {
    private static final long serialVersionUID = 1;

    private final String phase;

    /** The message becomes {@code operation: phase: what the cause says}. */
    public PhaseFailed(String operation, String phase, Exception cause) {
      super(operation + ": " + phase + ": " + cause.getMessage(), cause);
      this.phase = phase;
    }

    public String phase() {
      return phase;
    }
  }

  /** A fault of this host or of Izolo itself. */
  public static final class Internal extends CriException {
    private static final long serialVersionUID = 1;

    public Internal(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
