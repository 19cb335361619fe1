package dev.izolo.vm;

/** What can go wrong with a VM; closed, and mapped to a gRPC status in one place (the CRI frontend's error mapping). */
public abstract sealed class VmException extends Exception {
  private static final long serialVersionUID = 1;

  private VmException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The host cannot run VMs: QEMU, the kernel or the guest image is missing or unusable. Retrying will not help. */
  public static final class Unsupported extends VmException {
    private static final long serialVersionUID = 1;

    public Unsupported(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The VM started but never became usable; the message carries the phase and the console's tail. */
  public static final class BootFailed extends VmException {
    private static final long serialVersionUID = 1;

    public BootFailed(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The VM does not run any more. */
  public static final class Gone extends VmException {
    private static final long serialVersionUID = 1;

    public Gone(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The host ran out of something: disk, memory, processes, user ids, device slots. Retrying later may help. */
  public static final class Exhausted extends VmException {
    private static final long serialVersionUID = 1;

    public Exhausted(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The VMM refused or failed an operation on a running VM. */
  public static final class OperationFailed extends VmException {
    private static final long serialVersionUID = 1;

    public OperationFailed(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
