package dev.izolo.agent.linux;

import com.sun.jna.Native;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Starting, waiting for and signalling processes by the kernel's own calls. The JDK's {@code Process} is not used
 * anywhere in the agent: it would take exits of children it does not know, and it drains and closes a child's pipes when
 * the child, here a short-lived runtime, ends.
 */
public final class Processes {
  private static final int P_ALL = 0;
  private static final int WNOHANG = 1;
  private static final int WEXITED = 4;
  private static final int WNOWAIT = 0x01000000;
  private static final int PR_SET_CHILD_SUBREAPER = 36;
  private static final short SPAWN_SETSIGDEF = 0x04;
  private static final short SPAWN_SETSIGMASK = 0x08;
  private static final short SPAWN_SETSID = 0x80;
  // Larger than glibc's 80 and 336 bytes.
  private static final int OPAQUE_BYTES = 512;
  private static final int SIGSET_BYTES = 128;
  private static final int SIGINFO_BYTES = 128;

  private Processes() {}

  /** How a process ended. */
  public record Exit(int pid, int code) {}

  /**
   * Runs a program in a session of its own with default signal dispositions, the given descriptors as its standard ones
   * and no other descriptor.
   *
   * @param program the file to execute
   * @param command its arguments, the name it goes by first
   */
  public static int spawn(String program, List<String> command, List<String> environment, Fd in, Fd out, Fd err) throws IOException {
    List<NativeBuffer> owned = new ArrayList<>();
    try {
      NativeBuffer actions = own(owned, new NativeBuffer(OPAQUE_BYTES));
      NativeBuffer attributes = own(owned, new NativeBuffer(OPAQUE_BYTES));
      NativeBuffer allSignals = own(owned, new NativeBuffer(SIGSET_BYTES));
      NativeBuffer noSignals = own(owned, new NativeBuffer(SIGSET_BYTES));
      NativeBuffer pid = own(owned, new NativeBuffer(4));
      allSignals.putLong(0, -1L);
      SystemCalls.posix_spawn_file_actions_init(actions.address());
      SystemCalls.posix_spawnattr_init(attributes.address());
      try {
        SystemCalls.posix_spawn_file_actions_adddup2(actions.address(), in.number(), 0);
        SystemCalls.posix_spawn_file_actions_adddup2(actions.address(), out.number(), 1);
        SystemCalls.posix_spawn_file_actions_adddup2(actions.address(), err.number(), 2);
        SystemCalls.posix_spawn_file_actions_addclosefrom_np(actions.address(), 3);
        SystemCalls.posix_spawnattr_setsigmask(attributes.address(), noSignals.address());
        SystemCalls.posix_spawnattr_setsigdefault(attributes.address(), allSignals.address());
        SystemCalls.posix_spawnattr_setflags(
            attributes.address(), (short) (SPAWN_SETSIGDEF | SPAWN_SETSIGMASK | SPAWN_SETSID));
        NativeBuffer argv = strings(owned, command);
        NativeBuffer envp = strings(owned, environment);
        int errno = SystemCalls.posix_spawn(pid.address(), program, actions.address(), attributes.address(),
            argv.address(), envp.address());
        if (errno != 0) {
          throw new LinuxException("run " + command.getFirst(), errno);
        }
        return pid.getInt(0);
      } finally {
        SystemCalls.posix_spawn_file_actions_destroy(actions.address());
        SystemCalls.posix_spawnattr_destroy(attributes.address());
      }
    } finally {
      owned.forEach(NativeBuffer::close);
    }
  }

  private static NativeBuffer strings(List<NativeBuffer> owned, List<String> values) {
    NativeBuffer array = own(owned, new NativeBuffer(8 * (values.size() + 1)));
    for (int i = 0; i < values.size(); i++) {
      array.putLong(8 * i, own(owned, NativeBuffer.ofString(values.get(i))).address());
    }
    return array;
  }

  private static NativeBuffer own(List<NativeBuffer> owned, NativeBuffer buffer) {
    owned.add(buffer);
    return buffer;
  }

  /**
   * Blocks until some child has ended, and leaves it unreaped, so that its number stays taken. Answers its pid, or 0 when
   * there is no child to wait for.
   */
  public static int awaitAnyExit() throws IOException {
    try (NativeBuffer info = new NativeBuffer(SIGINFO_BYTES)) {
      while (true) {
        if (SystemCalls.waitid(P_ALL, 0, info.address(), WEXITED | WNOWAIT) == 0) {
          return info.getInt(16);
        }
        int errno = Native.getLastError();
        if (errno == Errno.ECHILD) {
          return 0;
        }
        if (errno != Errno.EINTR) {
          throw new LinuxException("waitid", errno);
        }
      }
    }
  }

  /** Takes the exit of a child that has ended; the code is 128 + n after signal n. */
  public static Exit reap(int pid) throws IOException {
    try (NativeBuffer status = new NativeBuffer(4)) {
      int reaped = SystemCalls.check("waitpid " + pid, SystemCalls.waitpid(pid, status.address(), WNOHANG));
      if (reaped == 0) {
        throw new IOException("process " + pid + " has not ended");
      }
      return new Exit(pid, exitCode(status.getInt(0)));
    }
  }

  /** The exit code of a wait status (wait(2)). */
  public static int exitCode(int status) {
    int signal = status & 0x7f;
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
  }

  /** False when there is no such process (any more). */
  public static boolean signal(int pid, int signal) throws IOException {
    if (SystemCalls.kill(pid, signal) == 0) {
      return true;
    }
    int errno = Native.getLastError();
    if (errno == Errno.ESRCH) {
      return false;
    }
    throw new LinuxException("signal " + signal + " to process " + pid, errno);
  }

  /** Makes orphans of this process's descendants its children, as the first process of a VM has them anyway. */
  public static void adoptOrphans() throws IOException {
    SystemCalls.check("prctl", SystemCalls.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
  }

  public static int self() {
    return SystemCalls.getpid();
  }
}
