package dev.izolo.vm.qemu;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Boots the guest kernel under KVM to the end of its own start, where it finds no disk and panics. */
final class KvmProbe {
  /** Said by every kernel without a root file system. By then clocks, interrupts and devices have worked. */
  private static final String LAST_WORDS = "VFS: Unable to mount root fs";
  private static final int MAX_LINES = 1000;

  private KvmProbe() {}

  /** True if the kernel got there in time. It is Izolo's own, and there is no disk for it to reach. */
  static boolean bootsGuest(Path qemu, Path kernel, Duration timeout) throws IOException, InterruptedException {
    // The kernel kills it when the thread that started it ends, and this one waits for it.
    Process process =
        new ProcessBuilder(command(qemu, kernel))
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
            .start();
    try {
      var seen = new CompletableFuture<Boolean>();
      Thread.startVirtualThread(() -> seen.complete(saysLastWords(process)));
      return seen.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IOException("cannot read the probe guest's console", e.getCause());
    } finally {
      process.destroyForcibly();
      process.waitFor();
    }
  }

  private static List<String> command(Path qemu, Path kernel) {
    return List.of(
        // A guest that hangs would outlive a daemon that ends meanwhile.
        "/usr/bin/setpriv", "--pdeathsig", "KILL", "--", qemu.toString(), "-name", "izolo-kvm-probe", "-no-user-config", "-nodefaults", "-display", "none",
        "-no-reboot", "-sandbox", "on,obsolete=deny,spawn=deny,resourcecontrol=deny", "-machine", "q35", "-accel",
        "kvm", "-cpu", "host", "-m", "128M", "-chardev", "stdio,id=console,signal=off", "-device",
        "isa-serial,chardev=console", "-kernel", kernel.toString(), "-append",
        "console=ttyS0 quiet panic=-1");
  }

  private static boolean saysLastWords(Process process) {
    try (BufferedReader reader = process.inputReader()) {
      String line;
      for (int i = 0; i < MAX_LINES && (line = reader.readLine()) != null; i++) {
        if (line.contains(LAST_WORDS)) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      return false;
    }
  }
}
