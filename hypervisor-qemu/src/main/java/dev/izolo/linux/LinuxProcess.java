package dev.izolo.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A process that is held by a pidfd: signals reach it or nobody, however often its pid is reused, and its end is an
 * event. It may be a child of this process or not.
 */
public final class LinuxProcess {
  public static final int SIGKILL = 9;
  public static final int SIGTERM = 15;

  private static final int SYS_PIDFD_SEND_SIGNAL = 424;
  private static final int SYS_PIDFD_OPEN = 434;
  private static final int P_PIDFD = 3;
  private static final int WEXITED = 4;
  private static final int WNOHANG = 1;
  private static final int CLD_EXITED = 1;

  private static final CFunction WAITID = CFunction.of("waitid", 4);

  /**
   * How a process ended. {@code code} is the exit code, or 128 + n when signal n killed it; empty when it was no child
   * of this process, whose status only its parent learns.
   */
  public record Exit(Optional<Integer> code) {}

  private final long pid;
  private final long startTimeTicks;
  private final Fd pidfd;
  private final CompletableFuture<Exit> exited = new CompletableFuture<>();

  private LinuxProcess(long pid, long startTimeTicks, Fd pidfd) {
    this.pid = pid;
    this.startTimeTicks = startTimeTicks;
    this.pidfd = pidfd;
  }

  /** Holds a running process; empty if it is gone (a zombie that is not this process's child counts as gone). */
  public static Optional<LinuxProcess> hold(long pid) throws IOException {
    return hold(pid, -1);
  }

  /** As {@link #hold(long)}, and only if it started then: otherwise it is another process with a reused pid. */
  public static Optional<LinuxProcess> hold(long pid, long startTimeTicks) throws IOException {
    Fd pidfd;
    try {
      pidfd = pidfdOpen(pid);
    } catch (ErrnoException e) {
      if (e.errno() == ErrnoException.ESRCH || e.errno() == ErrnoException.EINVAL) {
        return Optional.empty();
      }
      throw e;
    }
    // Read after the pidfd is open: if the start time matches now, the pidfd refers to that very process.
    Optional<ProcessStat> stat;
    try {
      stat = ProcessStat.read(pid);
    } catch (IOException e) {
      pidfd.close();
      throw e;
    }
    if (stat.isEmpty() || (startTimeTicks >= 0 && stat.get().startTimeTicks() != startTimeTicks)) {
      pidfd.close();
      return Optional.empty();
    }
    var process = new LinuxProcess(pid, stat.get().startTimeTicks(), pidfd);
    ProcessWatcher.shared().watch(pidfd, process::ended);
    return Optional.of(process);
  }

  public long pid() {
    return pid;
  }

  /** Field 22 of /proc/PID/stat. */
  public long startTimeTicks() {
    return startTimeTicks;
  }

  /** Completes at once when the process ends; it is reaped first if it was a child. */
  public CompletableFuture<Exit> exited() {
    return exited.copy();
  }

  public boolean isAlive() {
    return !exited.isDone();
  }

  /** Sends a signal; nothing happens if the process has ended. */
  public void signal(int signal) throws ErrnoException {
    synchronized (pidfd) {
      if (exited.isDone()) {
        return;
      }
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment state = Libc.callState(arena);
        long result =
            CFunction.SYSCALL.call(state, SYS_PIDFD_SEND_SIGNAL, pidfd.number(), signal, 0, 0, 0, 0);
        if (result < 0 && Libc.errno(state) != ErrnoException.ESRCH) {
          throw new ErrnoException("signal process " + pid, Libc.errno(state));
        }
      }
    }
  }

  private void ended() {
    Exit exit;
    synchronized (pidfd) {
      exit = reap();
      exited.complete(exit);
      pidfd.close();
    }
  }

  private Exit reap() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      MemorySegment info = arena.allocate(128, 8);
      int result = (int) WAITID.call(state, P_PIDFD, pidfd.number(), info.address(), WEXITED | WNOHANG);
      if (result < 0) {
        return new Exit(Optional.empty());
      }
      int code = info.get(ValueLayout.JAVA_INT, 8);
      int status = info.get(ValueLayout.JAVA_INT, 24);
      return new Exit(Optional.of(code == CLD_EXITED ? status : 128 + status));
    }
  }

  private static Fd pidfdOpen(long pid) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      long fd = CFunction.SYSCALL.call(state, SYS_PIDFD_OPEN, Math.toIntExact(pid), 0, 0, 0, 0, 0);
      return new Fd(Libc.check((int) fd, state, "open a descriptor of process " + pid));
    }
  }
}
