package dev.izolo.vm.qemu;

import dev.izolo.linux.ErrnoException;
import dev.izolo.linux.Fd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether KVM truly runs a guest here. That /dev/kvm exists says little: a host that is itself a guest may offer one
 * that needs a patched guest kernel (PVM), or nested virtualisation that is broken; both accept a VM that then never
 * executes anything, or hangs when it first looks at its clock. So, after the cheap checks, a guest's kernel is booted to
 * where it would start a program, once per host boot.
 */
final class KvmCheck {
  /**
   * @param cure what to do, empty when usable
   */
  record Verdict(boolean usable, String detail, String cure) {}

  /** What is asked of the host; replaced in tests. */
  interface Host {
    boolean deviceExists();

    /** @throws IOException as open(2) does */
    void openDevice() throws IOException;

    /** The group that has read and write access to the device, if it is not root's. */
    OptionalInt deviceGroup() throws IOException;

    /** Whether this machine is itself a virtual one. */
    boolean isVirtualMachine() throws IOException;

    /** Whether a guest's kernel came up within the time. */
    boolean bootsGuest(Duration timeout) throws IOException, InterruptedException;
  }

  private static final Logger log = LoggerFactory.getLogger(KvmCheck.class);
  private static final String COMES_UP = " comes up";
  private static final String HANGS = " hangs";
  private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(5);

  private final QemuSettings settings;
  private final Host host;

  KvmCheck(QemuSettings settings) {
    this(settings, new RealHost(settings));
  }

  KvmCheck(QemuSettings settings, Host host) {
    this.settings = settings;
    this.host = host;
  }

  Verdict check(Optional<QemuVersion> version) {
    if (!host.deviceExists()) {
      return unusable(
          "there is no /dev/kvm",
          "turn on virtualisation in the firmware and modprobe kvm_intel or kvm_amd; in a virtual machine, have its "
              + "host enable nested virtualisation");
    }
    try {
      host.openDevice();
    } catch (ErrnoException e) {
      return e.errno() == ErrnoException.EACCES || e.errno() == ErrnoException.EPERM
          ? unusable("/dev/kvm may not be opened by this process", "run the daemon as root, outside a container that "
              + "hides devices")
          : unusable("/dev/kvm cannot be opened: " + e.getMessage(), "see the kernel's log for why KVM is disabled");
    } catch (IOException e) {
      return unusable("/dev/kvm cannot be opened: " + e.getMessage(), "see the kernel's log for why KVM is disabled");
    }
    try {
      if (group().isEmpty()) {
        return unusable(
            "/dev/kvm belongs to no group but root's, so QEMU, which runs unprivileged, cannot use it",
            "chgrp kvm /dev/kvm && chmod 0660 /dev/kvm (udev does so where it runs)");
      }
      return cachedProbe(version) ? usable() : probeFailed();
    } catch (IOException e) {
      return unusable("KVM could not be tried: " + e.getMessage(), "see the message");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return unusable("trying KVM was interrupted", "try again");
    }
  }

  OptionalInt group() {
    try {
      return host.deviceGroup();
    } catch (IOException e) {
      log.debug("cannot read the group of /dev/kvm", e);
      return OptionalInt.empty();
    }
  }

  private static Verdict usable() {
    return new Verdict(true, "a guest boots", "");
  }

  private Verdict probeFailed() throws IOException {
    String seconds = PROBE_TIMEOUT.toSeconds() + " s";
    return host.isVirtualMachine()
        ? unusable(
            "/dev/kvm is there but a guest does not come up within " + seconds + "; this host is itself a virtual machine "
                + "whose nested virtualisation does not run ordinary guests (as with PVM)",
            "use a bare-metal host, or one whose hypervisor offers hardware-nested virtualisation")
        : unusable(
            "/dev/kvm is there but a guest does not come up within " + seconds,
            "see the kernel's log for KVM's errors, and check the firmware's virtualisation settings");
  }

  private static Verdict unusable(String detail, String cure) {
    return new Verdict(false, detail, cure);
  }

  /** The answer holds until the next boot of the host, or another QEMU or guest kernel. */
  private boolean cachedProbe(Optional<QemuVersion> version) throws IOException, InterruptedException {
    if (version.isEmpty() || !Files.isReadable(settings.kernel())) {
      return false;
    }
    String key =
        "%s %s %s %d"
            .formatted(
                NumberClaims.currentBootId(),
                version.get(),
                settings.kernel(),
                Files.getLastModifiedTime(settings.kernel()).toMillis());
    Path cache = settings.runDirectory().resolve("kvm-probe");
    if (Files.isRegularFile(cache)) {
      String cached = Files.readString(cache).strip();
      if (cached.equals(key + COMES_UP)) {
        return true;
      }
      if (cached.equals(key + HANGS)) {
        return false;
      }
    }
    boolean boots = host.bootsGuest(PROBE_TIMEOUT);
    Files.createDirectories(settings.runDirectory());
    Files.writeString(cache, key + (boots ? COMES_UP : HANGS));
    return boots;
  }

  /** The machine this runs on. */
  private record RealHost(QemuSettings settings) implements Host {
    private static final Path DEVICE = Path.of("/dev/kvm");

    @Override
    public boolean deviceExists() {
      return Files.exists(DEVICE);
    }

    @Override
    public void openDevice() throws IOException {
      Fd.open(DEVICE, Fd.O_RDWR).close();
    }

    @Override
    public OptionalInt deviceGroup() throws IOException {
      var permissions = Files.readAttributes(DEVICE, PosixFileAttributes.class).permissions();
      int group = (int) Files.getAttribute(DEVICE, "unix:gid");
      boolean open = permissions.contains(PosixFilePermission.GROUP_READ)
          && permissions.contains(PosixFilePermission.GROUP_WRITE);
      return open && group != 0 ? OptionalInt.of(group) : OptionalInt.empty();
    }

    @Override
    public boolean isVirtualMachine() throws IOException {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith("flags"))
          .anyMatch(line -> (line + " ").contains(" hypervisor "));
    }

    @Override
    public boolean bootsGuest(Duration timeout) throws IOException, InterruptedException {
      return KvmProbe.bootsGuest(settings.qemu(), settings.kernel(), timeout);
    }
  }
}
