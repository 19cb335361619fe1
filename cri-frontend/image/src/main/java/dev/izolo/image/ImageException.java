package dev.izolo.image;

/** What can go wrong with an image; closed, and mapped to a gRPC status in one place (the CRI frontend). */
public abstract sealed class ImageException extends Exception {
  private static final long serialVersionUID = 1;

  private ImageException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The reference is not well formed. */
  public static final class InvalidReference extends ImageException {
    private static final long serialVersionUID = 1;

    public InvalidReference(String message) {
      super(message, null);
    }
  }

  /** The registry has no such image, or none for this platform. */
  public static final class NotFound extends ImageException {
    private static final long serialVersionUID = 1;

    public NotFound(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The registry wants other credentials than it was given. */
  public static final class Unauthorized extends ImageException {
    private static final long serialVersionUID = 1;

    public Unauthorized(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The registry cannot be reached, or fails; retried already. */
  public static final class Unavailable extends ImageException {
    private static final long serialVersionUID = 1;

    public Unavailable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** What came is not what was promised: a wrong digest, a truncated blob, a hostile or unreadable layer or manifest. */
  public static final class Corrupt extends ImageException {
    private static final long serialVersionUID = 1;

    public Corrupt(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** This host has no room left for it, or the image exceeds a configured limit. */
  public static final class NoSpace extends ImageException {
    private static final long serialVersionUID = 1;

    public NoSpace(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The local store failed. */
  public static final class StoreFailed extends ImageException {
    private static final long serialVersionUID = 1;

    public StoreFailed(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
