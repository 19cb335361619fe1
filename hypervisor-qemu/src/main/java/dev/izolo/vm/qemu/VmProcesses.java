package dev.izolo.vm.qemu;

import dev.izolo.linux.LinuxProcess;
import dev.izolo.linux.ProcessStat;
import dev.izolo.vm.Vm.HostUsage;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmRecord.ProcessIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** QEMU and the processes that exist for its VM alone. */
record VmProcesses(LinuxProcess qemu, List<LinuxProcess> helpers) {
  private static final Duration KILL_TIMEOUT = Duration.ofSeconds(10);
  private static final Pattern PSS = Pattern.compile("^Pss:\\s+(\\d+) kB$", Pattern.MULTILINE);

  static ProcessIdentity identity(LinuxProcess process) {
    return new ProcessIdentity(process.pid(), process.startTimeTicks());
  }

  List<LinuxProcess> all() {
    var all = new ArrayList<LinuxProcess>();
    all.add(qemu);
    all.addAll(helpers);
    return all;
  }

  /**
   * Kills processes and waits until they are gone. Not cancelled by interruption.
   *
   * @throws VmException.OperationFailed if one is still there after ten seconds, as when it hangs in the kernel
   */
  static void kill(List<LinuxProcess> processes) throws VmException {
    try {
      for (LinuxProcess process : processes) {
        process.signal(LinuxProcess.SIGKILL);
      }
    } catch (IOException e) {
      throw new VmException.OperationFailed("cannot kill a VM's process: " + e.getMessage(), e);
    }
    for (LinuxProcess process : processes) {
      if (!awaitExit(process, KILL_TIMEOUT)) {
        throw new VmException.OperationFailed(
            "process %d did not die within %d s of SIGKILL; its kernel stack says where it hangs"
                .formatted(process.pid(), KILL_TIMEOUT.toSeconds()),
            null);
      }
    }
  }

  /** True once the process has ended; an interrupt is kept for later. */
  static boolean awaitExit(LinuxProcess process, Duration timeout) {
    boolean interrupted = false;
    long deadline = System.nanoTime() + timeout.toNanos();
    try {
      while (true) {
        try {
          process.exited().get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
          return true;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (TimeoutException e) {
          return false;
        } catch (ExecutionException e) {
          throw new AssertionError("a process's end never fails", e);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Processes that have just ended count as nothing. */
  HostUsage usage() throws VmException {
    long pssBytes = 0;
    long ticks = 0;
    try {
      for (LinuxProcess process : all()) {
        pssBytes += pssBytes(process.pid());
        ticks += ProcessStat.read(process.pid()).map(ProcessStat::cpuTicks).orElse(0L);
      }
    } catch (IOException e) {
      throw new VmException.OperationFailed("cannot read a VM's usage from /proc: " + e.getMessage(), e);
    }
    return new HostUsage(pssBytes, Duration.ofMillis(ticks * 1000 / ProcessStat.TICKS_PER_SECOND));
  }

  private static long pssBytes(long pid) throws IOException {
    Path rollup = Path.of("/proc", Long.toString(pid), "smaps_rollup");
    try {
      Matcher matcher = PSS.matcher(Files.readString(rollup));
      return matcher.find() ? Long.parseLong(matcher.group(1)) << 10 : 0;
    } catch (NoSuchFileException e) {
      return 0;
    } catch (IOException e) {
      // Reading the file of a process that is just ending fails with ESRCH.
      if (ProcessStat.read(pid).filter(stat -> stat.state() != 'Z').isEmpty()) {
        return 0;
      }
      throw e;
    }
  }
}
