package dev.izolo.vm.qmp;

/** What can go wrong with a QMP command. */
public sealed class QmpException extends Exception {
  private static final long serialVersionUID = 1;

  private QmpException(String message, Throwable cause) {
    super(message, cause);
  }

  /** QEMU's error classes; all but the generic one are kept for compatibility and mean what their name says. */
  public enum ErrorClass {
    GENERIC_ERROR,
    COMMAND_NOT_FOUND,
    DEVICE_NOT_ACTIVE,
    DEVICE_NOT_FOUND,
    KVM_MISSING_CAP;

    static ErrorClass of(String name) {
      return switch (name) {
        case "CommandNotFound" -> COMMAND_NOT_FOUND;
        case "DeviceNotActive" -> DEVICE_NOT_ACTIVE;
        case "DeviceNotFound" -> DEVICE_NOT_FOUND;
        case "KVMMissingCap" -> KVM_MISSING_CAP;
        default -> GENERIC_ERROR;
      };
    }
  }

  /** QEMU refused the command; nothing was done. */
  public static final class CommandFailed extends QmpException {
    private static final long serialVersionUID = 1;
    private final ErrorClass errorClass;

    public CommandFailed(String command, ErrorClass errorClass, String description) {
      super("QEMU refused " + command + ": " + description, null);
      this.errorClass = errorClass;
    }

    public ErrorClass errorClass() {
      return errorClass;
    }
  }

  /** The connection is gone; whether a command in flight was carried out is unknown. */
  public static final class Disconnected extends QmpException {
    private static final long serialVersionUID = 1;

    public Disconnected(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** QEMU did not answer in time; whether the command was or will be carried out is unknown. */
  public static final class TimedOut extends QmpException {
    private static final long serialVersionUID = 1;

    public TimedOut(String message) {
      super(message, null);
    }
  }

  /** What came is not QMP. The connection is closed. */
  public static final class Malformed extends QmpException {
    private static final long serialVersionUID = 1;

    public Malformed(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
