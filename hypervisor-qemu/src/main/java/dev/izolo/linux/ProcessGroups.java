package dev.izolo.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Process groups, which the JDK does not know: it signals single processes only. */
public final class ProcessGroups {
  private static final int SIGKILL = 9;
  private static final int ESRCH = 3;
  private static final CFunction KILL = CFunction.of("kill", 2);

  private ProcessGroups() {}

  /**
   * Kills every process of a group; kill(2).
   *
   * @param group its id, which is its first process's pid; more than 1
   * @return false if no process of it was left
   */
  public static boolean kill(long group) throws ErrnoException {
    if (group <= 1 || group > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("not the id of a process group: " + group);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      if ((int) KILL.call(state, (int) -group, SIGKILL) == 0) {
        return true;
      }
      int errno = Libc.errno(state);
      if (errno == ESRCH) {
        return false;
      }
      throw new ErrnoException("kill process group " + group, errno);
    }
  }
}
