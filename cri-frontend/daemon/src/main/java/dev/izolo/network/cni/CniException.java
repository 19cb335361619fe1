package dev.izolo.network.cni;

/** What can go wrong between Izolo and CNI plugins. */
public abstract sealed class CniException extends Exception {
  private static final long serialVersionUID = 1;

  private CniException(String message, Throwable cause) {
    super(message, cause);
  }

  /** No configuration, one that cannot be used, or a plugin that is not installed; the message names file and member. */
  public static final class BadConfiguration extends CniException {
    private static final long serialVersionUID = 1;

    public BadConfiguration(String message) {
      super(message, null);
    }

    public BadConfiguration(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** A plugin answered with an error, or not as the specification demands. */
  public static final class PluginFailed extends CniException {
    private static final long serialVersionUID = 1;

    /** The plugin's own error code; 0 if it gave none. Codes 1 to 99 are the specification's. */
    private final int code;

    public PluginFailed(String message, int code, Throwable cause) {
      super(message, cause);
      this.code = code;
    }

    public int code() {
      return code;
    }
  }
}
