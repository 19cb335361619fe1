package dev.izolo.vm.qemu;

import dev.izolo.linux.ErrnoException;
import dev.izolo.linux.Fd;
import dev.izolo.linux.LinuxProcess;
import dev.izolo.linux.Spawn;
import dev.izolo.linux.UnixSockets;
import dev.izolo.vm.VmException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Starts vhost-device-vsock, the process that is a guest's vsock on hosts without vhost-vsock. One per VM. */
final class VsockBackend {
  /** Its own name for the guest; each backend serves one, so all can be called the same. */
  private static final int GUEST_CID = 3;

  private static final long RETRY_MILLIS = 2;

  private VsockBackend() {}

  /** The running backend. Sockets are named relative to its working directory. */
  static LinuxProcess start(Path program, Jail jail, VmDirectory directory, Fd errors) throws VmException {
    var sockets =
        "guest-cid=%d,socket=%s,uds-path=%s"
            .formatted(GUEST_CID, directory.vhostSocket().getFileName(), directory.vsockSocket().getFileName());
    try {
      return Spawn.start(
          jail.command(directory.vsock(), List.of(program.toString(), "--vm", sockets)), errors, List.of());
    } catch (IOException e) {
      throw new VmException.OperationFailed("cannot start the vsock backend " + program + ": " + e.getMessage(), e);
    }
  }

  /** The connection over which QEMU will speak vhost-user with it. */
  static Fd connect(LinuxProcess backend, VmDirectory directory, Fd errors, Duration timeout)
      throws VmException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      try {
        return UnixSockets.connect(directory.vhostSocket());
      } catch (ErrnoException e) {
        boolean notYet = e.errno() == ErrnoException.ENOENT || e.errno() == ErrnoException.ECONNREFUSED;
        if (!notYet || !backend.isAlive() || System.nanoTime() > deadline) {
          throw new VmException.BootFailed(
              "the vsock backend %s: %s%s"
                  .formatted(
                      backend.isAlive() ? "does not listen" : "ended at once", e.getMessage(), said(errors)),
              e);
        }
      }
      // The backend tells nobody when it listens: the socket's file appears before listen(2), so that watching for it
      // would not do. It takes 5 to 20 ms.
      Thread.sleep(RETRY_MILLIS);
    }
  }

  private static String said(Fd errors) {
    try {
      String text = ConsoleRing.printable(errors.readAvailable(4096)).strip();
      return text.isEmpty() ? "" : "; it said: " + text;
    } catch (IOException e) {
      return "";
    }
  }
}
