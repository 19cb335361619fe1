package dev.izolo.vm.qemu;

import dev.izolo.vm.HostSupport;
import dev.izolo.vm.HostSupport.Accelerator;
import dev.izolo.vm.HostSupport.Finding;
import dev.izolo.vm.HostSupport.Severity;
import dev.izolo.vm.VmException;
import dev.izolo.vm.qemu.KvmCheck.Verdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;

/** What this host offers, found out once, when first asked. */
final class HostProbe {
  static final Path VHOST_VSOCK = Path.of("/dev/vhost-vsock");
  private static final QemuVersion OLDEST_QEMU = new QemuVersion(7, 2, 0);

  private final QemuSettings settings;
  private final KvmCheck kvm;
  private CompletableFuture<HostSupport> support;

  HostProbe(QemuSettings settings) {
    this(settings, new KvmCheck(settings));
  }

  HostProbe(QemuSettings settings, KvmCheck kvm) {
    this.settings = settings;
    this.kvm = kvm;
  }

  /** Not cancelled by interruption: the answer is for everybody. */
  HostSupport support() {
    return probed(false).join();
  }

  /**
   * As {@link #support}, when VMs can be started.
   *
   * @throws VmException.Unsupported naming what failed, each with its cure; asked again next time
   */
  HostSupport requireUsable() throws VmException.Unsupported, InterruptedException {
    HostSupport now;
    try {
      now = probed(false).get();
      if (!failures(now).isEmpty()) {
        // What was missing may have been installed meanwhile.
        now = probed(true).get();
      }
    } catch (ExecutionException e) {
      throw new VmException.Unsupported("this host cannot be examined: " + e.getCause().getMessage(), e.getCause());
    }
    List<Finding> failed = failures(now);
    if (!failed.isEmpty()) {
      throw new VmException.Unsupported(
          failed.stream()
              .map(f -> f.subject() + ": " + f.detail() + " (" + f.cure() + ")")
              .collect(Collectors.joining("; ", "this host cannot run VMs: ", "")),
          null);
    }
    return now;
  }

  /** On a thread of its own, so that the caller who happens to be first can be cancelled without harm to others. */
  private synchronized CompletableFuture<HostSupport> probed(boolean again) {
    if (support == null || again && support.isDone()) {
      support = CompletableFuture.supplyAsync(this::probe, task -> Thread.ofPlatform().name("host-probe").start(task));
    }
    return support;
  }

  private static List<Finding> failures(HostSupport support) {
    return support.findings().stream().filter(f -> f.severity() == Severity.FAILED).toList();
  }

  boolean usesKernelVsock() {
    return switch (settings.vsock()) {
      case KERNEL -> true;
      case HYBRID -> false;
      case AUTO -> Files.exists(VHOST_VSOCK);
    };
  }

  /** The group that may use /dev/kvm. */
  OptionalInt kvmGroup() {
    return kvm.group();
  }

  private HostSupport probe() {
    var findings = new ArrayList<Finding>();
    Optional<QemuVersion> version = QemuVersion.of(settings.qemu());
    findings.add(qemuFinding(version));
    findings.add(fileFinding("guest kernel", settings.kernel()));
    findings.add(fileFinding("guest rootfs", settings.rootfs()));
    Accelerator accelerator = accelerator(version, findings);
    findings.add(vsockFinding());
    return new HostSupport(
        accelerator,
        accelerator == Accelerator.KVM,
        version.map(QemuVersion::toString).orElse("none"),
        List.copyOf(findings));
  }

  private Accelerator accelerator(Optional<QemuVersion> version, List<Finding> findings) {
    if (settings.accelerator() == QemuSettings.AcceleratorChoice.TCG) {
      findings.add(
          new Finding(
              "kvm",
              Severity.WARNING,
              "not used: the configuration demands TCG, which is slow and no security boundary",
              "set the accelerator to auto"));
      return Accelerator.TCG;
    }
    Verdict verdict = kvm.check(version);
    if (verdict.usable()) {
      findings.add(new Finding("kvm", Severity.OK, verdict.detail(), ""));
      return Accelerator.KVM;
    }
    boolean demanded = settings.accelerator() == QemuSettings.AcceleratorChoice.KVM;
    findings.add(
        new Finding(
            "kvm",
            demanded ? Severity.FAILED : Severity.WARNING,
            verdict.detail() + (demanded ? "" : "; falling back to TCG, which is slow and no security boundary"),
            verdict.cure()));
    return demanded ? Accelerator.KVM : Accelerator.TCG;
  }

  private Finding qemuFinding(Optional<QemuVersion> version) {
    String cure = "install Debian's qemu-system-x86, or set the path of qemu-system-x86_64 in the configuration";
    if (version.isEmpty()) {
      return new Finding("qemu", Severity.FAILED, settings.qemu() + " does not run or tells no version", cure);
    }
    if (version.get().compareTo(OLDEST_QEMU) < 0) {
      return new Finding(
          "qemu", Severity.FAILED, "version " + version.get() + " is older than " + OLDEST_QEMU, cure);
    }
    return new Finding("qemu", Severity.OK, "version " + version.get(), "");
  }

  private static Finding fileFinding(String subject, Path file) {
    if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
      return new Finding(
          subject, Severity.FAILED, file + " is missing or not readable", "run the set-up step that builds it");
    }
    return new Finding(subject, Severity.OK, file.toString(), "");
  }

  private Finding vsockFinding() {
    if (usesKernelVsock()) {
      return Files.exists(VHOST_VSOCK)
          ? new Finding("vsock", Severity.OK, "the kernel's vhost-vsock", "")
          : new Finding(
              "vsock",
              Severity.FAILED,
              "the configuration demands the kernel's vhost-vsock and there is no " + VHOST_VSOCK,
              "modprobe vhost_vsock, or set vsock to auto");
    }
    return settings
        .vsockBackend()
        .filter(Files::isExecutable)
        .map(program -> new Finding("vsock", Severity.OK, "vhost-user backend " + program, ""))
        .orElseGet(
            () ->
                new Finding(
                    "vsock",
                    Severity.FAILED,
                    "there is neither " + VHOST_VSOCK + " nor a vhost-device-vsock program",
                    "modprobe vhost_vsock, or run the set-up step that fetches vhost-device-vsock"));
  }
}
