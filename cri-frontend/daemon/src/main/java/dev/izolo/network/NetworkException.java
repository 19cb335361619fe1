package dev.izolo.network;

/** What can go wrong with a pod's network; closed, and mapped to a gRPC status in one place (the CRI frontend). */
public abstract sealed class NetworkException extends Exception {
  private static final long serialVersionUID = 1;

  private NetworkException(String message, Throwable cause) {
    super(message, cause);
  }

  /** No usable CNI configuration or plugin: an operator must act. */
  public static final class NotConfigured extends NetworkException {
    private static final long serialVersionUID = 1;

    public NotConfigured(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** What the pod asks of its network cannot be, with any configuration. */
  public static final class InvalidRequest extends NetworkException {
    private static final long serialVersionUID = 1;

    public InvalidRequest(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** A plugin failed or took too long; the message names the plugin and quotes its own words. */
  public static final class PluginFailed extends NetworkException {
    private static final long serialVersionUID = 1;

    public PluginFailed(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The kernel refused a namespace, link or filter. */
  public static final class HostFailed extends NetworkException {
    private static final long serialVersionUID = 1;

    public HostFailed(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
