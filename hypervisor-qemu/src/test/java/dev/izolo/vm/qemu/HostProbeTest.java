package dev.izolo.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.linux.ErrnoException;
import dev.izolo.vm.HostSupport.Accelerator;
import dev.izolo.vm.HostSupport.Finding;
import dev.izolo.vm.HostSupport.Severity;
import dev.izolo.vm.VmException;
import dev.izolo.vm.qemu.QemuSettings.AcceleratorChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostProbeTest {
  private static final Optional<QemuVersion> VERSION = Optional.of(new QemuVersion(7, 2, 22));

  @TempDir Path temp;
  private QemuSettings settings;

  /** A host as the test wants it, counting how often a guest was booted. */
  private static final class FakeHost implements KvmCheck.Host {
    private boolean device = true;
    private IOException openFailure;
    private OptionalInt group = OptionalInt.of(104);
    private boolean virtual;
    private boolean boots = true;
    private int probes;

    @Override
    public boolean deviceExists() {
      return device;
    }

    @Override
    public void openDevice() throws IOException {
      if (openFailure != null) {
        throw openFailure;
      }
    }

    @Override
    public OptionalInt deviceGroup() {
      return group;
    }

    @Override
    public boolean isVirtualMachine() {
      return virtual;
    }

    @Override
    public boolean bootsGuest(Duration timeout) {
      probes++;
      return boots;
    }
  }

  private final FakeHost host = new FakeHost();

  @BeforeEach
  void prepare() throws Exception {
    settings =
        QemuSettings.defaults(
                Files.createFile(temp.resolve("vmlinux")), Files.createFile(temp.resolve("rootfs")),
                temp.resolve("run"), List.of())
            .withQemu(script("qemu", "echo 'QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg)'"))
            .withVsock(QemuSettings.VsockChoice.HYBRID)
            .withVsockBackend(script("backend", "exit 0"));
  }

  @Test
  void usesKvmWhereAGuestBoots() throws Exception {
    var support = new HostProbe(settings, new KvmCheck(settings, host)).requireUsable();

    assertThat(support.accelerator()).isEqualTo(Accelerator.KVM);
    assertThat(support.isolated()).isTrue();
    assertThat(support.qemuVersion()).isEqualTo("7.2.22");
    assertThat(support.findings()).allMatch(f -> f.severity() == Severity.OK);
  }

  @Test
  void bootsTheProbesGuestOncePerHostBootAndKernel() throws Exception {
    host.boots = false;
    for (int i = 0; i < 3; i++) {
      assertThat(new KvmCheck(settings, host).check(VERSION).usable()).isFalse();
    }
    assertThat(host.probes).isEqualTo(1);

    host.boots = true;
    assertThat(new KvmCheck(settings, host).check(Optional.of(new QemuVersion(9, 0, 0))).usable()).isTrue();
    assertThat(host.probes).isEqualTo(2);
  }

  @Test
  void tellsTheWaysKvmFailsApart() {
    host.virtual = true;
    host.boots = false;
    assertThat(verdict().detail()).contains("itself a virtual machine").contains("PVM");
    host.virtual = false;
    assertThat(verdict().detail()).contains("does not come up").doesNotContain("virtual machine");
    host.openFailure = new ErrnoException("open /dev/kvm", ErrnoException.EACCES);
    assertThat(verdict().detail()).contains("may not be opened");
    host.openFailure = new ErrnoException("open /dev/kvm", 19);
    assertThat(verdict().detail()).contains("ENODEV");
    host.device = false;
    assertThat(verdict().detail()).isEqualTo("there is no /dev/kvm");
    assertThat(verdict().cure()).contains("modprobe");
  }

  @Test
  void wantsADeviceThatAnUnprivilegedQemuCanOpen() {
    host.group = OptionalInt.empty();

    assertThat(verdict().usable()).isFalse();
    assertThat(verdict().cure()).contains("chgrp kvm");
    assertThat(host.probes).as("a guest that could not use it anyway").isZero();
  }

  @Test
  void fallsBackToTcgAndSaysThatItIsNoBoundary() throws Exception {
    host.device = false;

    var support = new HostProbe(settings, new KvmCheck(settings, host)).requireUsable();

    assertThat(support.accelerator()).isEqualTo(Accelerator.TCG);
    assertThat(support.isolated()).isFalse();
    assertThat(finding(support.findings(), "kvm").severity()).isEqualTo(Severity.WARNING);
    assertThat(finding(support.findings(), "kvm").detail()).contains("no security boundary");
  }

  @Test
  void refusesToRunWithoutTheKvmThatIsDemanded() {
    host.device = false;
    var demanding = settings.withAccelerator(AcceleratorChoice.KVM);

    assertThatThrownBy(() -> new HostProbe(demanding, new KvmCheck(demanding, host)).requireUsable())
        .isInstanceOf(VmException.Unsupported.class)
        .hasMessageContaining("kvm: there is no /dev/kvm");
  }

  @Test
  void namesEverythingThatIsMissingWithItsCure() throws Exception {
    Files.delete(settings.kernel());
    Files.delete(settings.rootfs());
    Files.delete(settings.vsockBackend().orElseThrow());
    var without = settings.withQemu(temp.resolve("no-qemu")).withAccelerator(AcceleratorChoice.TCG);
    var probe = new HostProbe(without, new KvmCheck(without, host));

    assertThatThrownBy(probe::requireUsable)
        .isInstanceOf(VmException.Unsupported.class)
        .hasMessageContaining("qemu: ")
        .hasMessageContaining("guest kernel: ")
        .hasMessageContaining("guest rootfs: ")
        .hasMessageContaining("vsock: ")
        .hasMessageContaining("install Debian's qemu-system-x86");
    assertThat(probe.support().findings()).filteredOn(f -> f.severity() == Severity.FAILED).hasSize(4);
  }

  @Test
  void noticesWhatWasInstalledMeanwhile() throws Exception {
    Files.delete(settings.kernel());
    var probe = new HostProbe(settings, new KvmCheck(settings, host));
    assertThatThrownBy(probe::requireUsable).isInstanceOf(VmException.Unsupported.class);

    Files.createFile(settings.kernel());

    assertThat(probe.requireUsable().accelerator()).isEqualTo(Accelerator.KVM);
  }

  @Test
  void refusesAnOldQemu() throws Exception {
    var old = settings.withQemu(script("old", "echo 'QEMU emulator version 7.1.0'"));

    assertThatThrownBy(() -> new HostProbe(old, new KvmCheck(old, host)).requireUsable())
        .hasMessageContaining("version 7.1.0 is older than 7.2.0");
  }

  @Test
  void readsVersions() {
    assertThat(QemuVersion.parse("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1)\nCopyright"))
        .contains(new QemuVersion(10, 0, 2));
    assertThat(QemuVersion.parse("QEMU emulator version 9.1")).contains(new QemuVersion(9, 1, 0));
    assertThat(QemuVersion.parse("bash: not found")).isEmpty();
    assertThat(QemuVersion.parse("QEMU emulator version 99999999999.1")).isEmpty();
  }

  private KvmCheck.Verdict verdict() {
    try {
      Files.deleteIfExists(settings.runDirectory().resolve("kvm-probe"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return new KvmCheck(settings, host).check(VERSION);
  }

  private static Finding finding(List<Finding> findings, String subject) {
    return findings.stream().filter(f -> f.subject().equals(subject)).findFirst().orElseThrow();
  }

  private Path script(String name, String line) throws IOException {
    Path file = Files.writeString(temp.resolve(name), "#!/bin/sh\n" + line + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }
}
