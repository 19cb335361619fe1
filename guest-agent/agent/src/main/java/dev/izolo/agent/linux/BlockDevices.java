package dev.izolo.agent.linux;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.file.Path;

/** Block devices' nodes, which exist a little before and after their disks do. */
public final class BlockDevices {
  private static final int O_CLOEXEC = 0x80000;
  private static final int ENXIO = 6;

  private BlockDevices() {}

  /** False when the node has no disk behind it, or not yet. */
  public static boolean opens(Path node) throws IOException {
    int fd = SystemCalls.open(node.toString(), O_CLOEXEC, 0);
    if (fd >= 0) {
      SystemCalls.close(fd);
      return true;
    }
    int errno = Native.getLastError();
    if (errno == ENXIO || errno == Errno.ENOENT || errno == Errno.ENODEV) {
      return false;
    }
    throw new LinuxException("open " + node, errno);
  }
}
