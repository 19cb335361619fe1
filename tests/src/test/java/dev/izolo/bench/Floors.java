package dev.izolo.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What the same machine does with no runtime at all: the bare guest kernel to its first program, and runc by hand in a
 * booted guest. Measured once, when first asked for; every QEMU it starts has ended when a method returns.
 */
final class Floors {
  private static final Duration LIMIT = Duration.ofMinutes(4);
  private static final String REACHED = "izolo-floor";
  private static final int RUNC_ROUNDS = 8;

  private final String qemu;
  private final String accelerator;
  private final Path kernel;
  private final Path rootfs;
  private final int boots;
  private Samples bareKernel;
  private Samples runcRun;
  private Samples runcExec;

  /**
   * @param kernel the guest kernel, uncompressed
   * @param rootfs the guest's root image, for its runc
   * @param boots how many boots of the bare kernel to measure
   */
  Floors(String qemu, String accelerator, Path kernel, Path rootfs, int boots) {
    this.qemu = qemu;
    this.accelerator = accelerator;
    this.kernel = kernel;
    this.rootfs = rootfs;
    this.boots = boots;
  }

  /** From starting QEMU to the first line of a static init, in milliseconds. */
  Optional<Samples> bareKernel() throws IOException, InterruptedException {
    if (bareKernel == null) {
      Samples samples = new Samples();
      Path work = Files.createTempDirectory("izolo-floor");
      try {
        Path disk = work.resolve("init.erofs");
        makeDisk(work.resolve("tree"), disk, "");
        for (int i = -1; i < boots; i++) {
          long from = System.nanoTime();
          double[] reached = new double[1];
          boot(List.of(disk), "init=/bin/busybox -- echo " + REACHED, line -> {
            if (line.contains(REACHED)) {
              reached[0] = (System.nanoTime() - from) / 1e6;
              return false;
            }
            return true;
          });
          if (i >= 0) {
            samples.add(reached[0]);
          }
        }
      } finally {
        deleteTree(work);
      }
      bareKernel = samples;
    }
    return bareKernel.isEmpty() ? Optional.empty() : Optional.of(bareKernel);
  }

  /** {@code runc run} of {@code true} by hand in a booted guest, in milliseconds. */
  Samples runcRun() throws IOException, InterruptedException {
    measureRunc();
    return runcRun;
  }

  /** {@code runc exec} of {@code true} by hand in a booted guest, in milliseconds. */
  Samples runcExec() throws IOException, InterruptedException {
    measureRunc();
    return runcExec;
  }

  private void measureRunc() throws IOException, InterruptedException {
    if (runcRun != null) {
      return;
    }
    runcRun = new Samples();
    runcExec = new Samples();
    Path work = Files.createTempDirectory("izolo-floor");
    try {
      Path disk = work.resolve("init.erofs");
      makeDisk(work.resolve("tree"), disk, RUNC_SCRIPT);
      boot(List.of(rootfs, disk), "init=/bin/sh -- -c \"mount -t erofs -o ro /dev/vdb /mnt && exec sh /mnt/init\"", line -> {
        String[] words = line.trim().split(" ");
        if (words.length == 4 && words[0].equals(REACHED)) {
          double millis = (Double.parseDouble(words[3]) - Double.parseDouble(words[2])) * 1000;
          (words[1].equals("run") ? runcRun : runcExec).add(millis);
        }
        return !line.contains(REACHED + " end");
      });
      if (runcRun.size() != RUNC_ROUNDS || runcExec.size() != RUNC_ROUNDS) {
        throw new IOException("runc by hand worked %d and %d times of %d in the guest".formatted(
            runcRun.size(), runcExec.size(), RUNC_ROUNDS));
      }
    } finally {
      deleteTree(work);
    }
  }

  /** What the guest image's shell does for us: its runc by hand; the first turn of each warms up. */
  private static final String RUNC_SCRIPT = """
      #!/bin/sh
      mount -a
      cd /run
      mkdir -p b/rootfs/bin b/rootfs/proc b/rootfs/sys b/rootfs/dev
      cp /mnt/bin/busybox b/rootfs/bin/busybox
      for a in sh true sleep; do ln -s busybox b/rootfs/bin/$a; done
      cd b
      runc spec
      sed -i -e 's/"terminal": true/"terminal": false/' config.json
      sed -e 's/"sh"/"sleep", "86400"/' config.json > sleep.json
      sed -i -e 's/"sh"/"true"/' config.json
      for i in 0 1 2 3 4 5 6 7 8; do
        read a idle < /proc/uptime; runc --root /run/r run t$i </dev/null || break; read b idle < /proc/uptime
        [ $i = 0 ] || echo izolo-floor run $a $b
      done
      mv sleep.json config.json
      runc --root /run/r run --detach s </dev/null >/dev/null 2>&1
      for i in 0 1 2 3 4 5 6 7 8; do
        read a idle < /proc/uptime; runc --root /run/r exec s true </dev/null || break; read b idle < /proc/uptime
        [ $i = 0 ] || echo izolo-floor exec $a $b
      done
      echo izolo-floor end
      sleep 60
      """;

  /** An EROFS disk with busybox, and an /init where a script is given. */
  private static void makeDisk(Path tree, Path disk, String initScript) throws IOException, InterruptedException {
    for (String dir : List.of("bin", "dev")) {
      Files.createDirectories(tree.resolve(dir));
    }
    Path busybox = tree.resolve("bin/busybox");
    Files.copy(Path.of("/bin/busybox"), busybox, StandardCopyOption.REPLACE_EXISTING);
    for (String applet : List.of("sh", "echo")) {
      Files.createSymbolicLink(tree.resolve("bin").resolve(applet), Path.of("busybox"));
    }
    if (!initScript.isEmpty()) {
      Path init = Files.writeString(tree.resolve("init"), initScript);
      Files.setPosixFilePermissions(init, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    Process mkfs = new ProcessBuilder("mkfs.erofs", "--quiet", disk.toString(), tree.toString())
        .redirectErrorStream(true).start();
    String said = new String(mkfs.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (mkfs.waitFor() != 0) {
      throw new IOException("mkfs.erofs failed: " + said);
    }
  }

  private interface Lines {
    /** Takes a console line; false ends the guest. */
    boolean more(String line);
  }

  private void boot(List<Path> disks, String kernelArgs, Lines lines) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(
        qemu, "-accel", accelerator, "-M", "q35", "-m", "256M", "-nodefaults", "-no-user-config", "-nographic",
        "-no-reboot", "-serial", "stdio", "-cpu", accelerator.startsWith("kvm") ? "host" : "max",
        "-kernel", kernel.toString(),
        "-append", "console=ttyS0 quiet panic=-1 root=/dev/vda ro rootfstype=erofs "
            + (accelerator.startsWith("kvm") ? "" : "mitigations=off ") + kernelArgs));
    for (int i = 0; i < disks.size(); i++) {
      command.addAll(List.of("-drive", "file=" + disks.get(i) + ",format=raw,if=none,readonly=on,id=d" + i,
          "-device", "virtio-blk-pci,drive=d" + i));
    }
    Process vm = new ProcessBuilder(command).redirectErrorStream(true).start();
    vm.getOutputStream().close();
    vm.onExit().orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).exceptionally(late -> vm.destroyForcibly());
    try (BufferedReader console =
        new BufferedReader(new InputStreamReader(vm.getInputStream(), StandardCharsets.UTF_8))) {
      StringBuilder all = new StringBuilder();
      String line;
      while ((line = console.readLine()) != null) {
        all.append(line).append('\n');
        if (!lines.more(line)) {
          return;
        }
      }
      throw new IOException("the guest ended before it printed what it should: " + all);
    } finally {
      vm.destroyForcibly();
      vm.waitFor();
    }
  }

  private static void deleteTree(Path root) throws IOException {
    try (var files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
