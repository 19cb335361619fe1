package dev.izolo.agent.linux;

/** The error numbers the agent tells apart (errno.h of Linux on x86-64), and names for messages. */
public final class Errno {
  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int ESRCH = 3;
  public static final int EINTR = 4;
  public static final int EIO = 5;
  public static final int ECHILD = 10;
  public static final int EAGAIN = 11;
  public static final int EACCES = 13;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int ENODEV = 19;
  public static final int EINVAL = 22;
  public static final int EMFILE = 24;
  public static final int ENOSPC = 28;
  public static final int EPIPE = 32;
  public static final int ELOOP = 40;
  public static final int EOPNOTSUPP = 95;
  public static final int ENETUNREACH = 101;
  public static final int ECONNABORTED = 103;
  public static final int ECONNRESET = 104;

  private Errno() {}

  /** The symbolic name and meaning, or {@code errno N} for one the agent has no name for. */
  public static String describe(int errno) {
    return switch (errno) {
      case EPERM -> "EPERM (operation not permitted)";
      case ENOENT -> "ENOENT (no such file or directory)";
      case ESRCH -> "ESRCH (no such process)";
      case EINTR -> "EINTR (interrupted)";
      case EIO -> "EIO (input/output error)";
      case ECHILD -> "ECHILD (no child processes)";
      case EAGAIN -> "EAGAIN (try again)";
      case EACCES -> "EACCES (permission denied)";
      case EBUSY -> "EBUSY (device or resource busy)";
      case EEXIST -> "EEXIST (exists already)";
      case ENODEV -> "ENODEV (no such device)";
      case EINVAL -> "EINVAL (invalid argument)";
      case EMFILE -> "EMFILE (too many open files)";
      case ENOSPC -> "ENOSPC (no space left on device)";
      case EPIPE -> "EPIPE (broken pipe)";
      case ELOOP -> "ELOOP (too many symbolic links)";
      case EOPNOTSUPP -> "EOPNOTSUPP (not supported)";
      case ENETUNREACH -> "ENETUNREACH (network is unreachable)";
      case ECONNABORTED -> "ECONNABORTED (connection aborted)";
      case ECONNRESET -> "ECONNRESET (connection reset)";
      default -> "errno " + errno;
    };
  }
}
