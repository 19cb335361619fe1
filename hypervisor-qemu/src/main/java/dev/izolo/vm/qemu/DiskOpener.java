package dev.izolo.vm.qemu;

import dev.izolo.linux.ErrnoException;
import dev.izolo.linux.Fd;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.VmException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Opens the files that become disks, and nothing else: regular files beneath the configured directories, no symbolic
 * link on the way. QEMU gets the open file, read-only for a read-only disk, so neither a path that changes meaning
 * later nor QEMU itself can reach another one.
 */
final class DiskOpener {
  private static final Pattern SERIAL = Pattern.compile("[A-Za-z0-9-]{1,36}");

  private final List<Path> directories;

  DiskOpener(List<Path> directories) {
    this.directories = directories;
  }

  /** The caller closes it. */
  Fd open(DiskSpec disk) throws VmException {
    if (!SERIAL.matcher(disk.serial()).matches()) {
      throw refuse(disk, "its serial is not 1 to 36 letters, digits and dashes", null);
    }
    Path file = disk.file();
    Path directory =
        directories.stream()
            .filter(allowed -> file.isAbsolute() && file.equals(file.normalize()) && file.startsWith(allowed))
            .filter(allowed -> !file.equals(allowed))
            .findFirst()
            .orElseThrow(() -> refuse(disk, "it is not in a directory for disks " + directories, null));
    Fd fd;
    try {
      // Not blocking, lest a FIFO in the file's place hang the daemon; no effect on the regular file wanted.
      int mode = disk.readOnly() ? Fd.O_RDONLY : Fd.O_RDWR;
      fd = Fd.openBeneath(directory, directory.relativize(file), mode | Fd.O_NONBLOCK);
    } catch (ErrnoException e) {
      throw refuse(disk, e.getMessage(), e);
    }
    try {
      if (!Files.isRegularFile(fd.procPath())) {
        throw refuse(disk, "it is not a regular file", null);
      }
      long size = Files.size(fd.procPath());
      if (size == 0 || size % 512 != 0) {
        throw refuse(disk, "its size, %d bytes, is not a positive multiple of 512".formatted(size), null);
      }
      return fd;
    } catch (VmException e) {
      fd.close();
      throw e;
    } catch (IOException e) {
      fd.close();
      throw refuse(disk, e.getMessage(), e);
    }
  }

  private static VmException refuse(DiskSpec disk, String why, Exception cause) {
    return new VmException.OperationFailed("cannot attach " + disk.file() + ": " + why, cause);
  }
}
