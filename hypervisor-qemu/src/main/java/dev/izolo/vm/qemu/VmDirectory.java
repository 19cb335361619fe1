package dev.izolo.vm.qemu;

import dev.izolo.linux.ErrnoException;
import dev.izolo.linux.Fd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * The files of one VM. QEMU needs none of them by path: it is handed the listening sockets and its standard error. Only
 * the vsock backend makes sockets itself, in a directory of its own.
 *
 * @param root belongs to root
 */
record VmDirectory(Path root) {
  Path qmpSocket() {
    return root.resolve("qmp.sock");
  }

  Path consoleSocket() {
    return root.resolve("console.sock");
  }

  /**
   * What QEMU and its helpers say, in a pipe that they themselves keep open: the kernel bounds it to 64 KiB, a full one
   * drops what comes, and it needs no reader.
   */
  Path errors() {
    return root.resolve("errors.fifo");
  }

  /** Belongs to the VM's user. */
  Path vsock() {
    return root.resolve("vsock");
  }

  /** vhost-user, between QEMU and the backend. */
  Path vhostSocket() {
    return vsock().resolve("vhost.sock");
  }

  Path vsockSocket() {
    return vsock().resolve("vsock.sock");
  }

  /** Removes what an earlier attempt left, then makes the directories. */
  void prepare(int uid) throws IOException {
    remove();
    Files.createDirectories(root);
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx--x--x"));
    Files.createDirectory(vsock(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.setAttribute(vsock(), "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
    Files.setAttribute(vsock(), "unix:gid", uid, LinkOption.NOFOLLOW_LINKS);
    Fd.makeFifo(errors());
  }

  /** Both ends of {@link #errors}, never blocking. */
  Fd openErrors() throws ErrnoException {
    return Fd.open(errors(), Fd.O_RDWR | Fd.O_NONBLOCK | Fd.O_NOFOLLOW);
  }

  /** Removes what {@link #prepare} and the processes made, and not the directory itself; idempotent. */
  void remove() throws IOException {
    for (Path file : List.of(vhostSocket(), vsockSocket(), vsock(), qmpSocket(), consoleSocket(), errors())) {
      Files.deleteIfExists(file);
    }
  }
}
