package dev.izolo.agent.linux;

import java.io.IOException;

/** Window size of a terminal (ioctl_tty(2)). */
public final class Terminal {
  private static final long TIOCSWINSZ = 0x5414;

  private Terminal() {}

  public static void resize(Fd master, int columns, int rows) throws IOException {
    try (NativeBuffer size = new NativeBuffer(8)) {
      size.putShort(0, rows).putShort(2, columns);
      SystemCalls.check("resize the terminal", SystemCalls.ioctl(master.number(), TIOCSWINSZ, size.address()));
    }
  }
}
