package dev.izolo.cli;

import dev.izolo.config.Artefacts;
import dev.izolo.config.IzoloConfig;
import dev.izolo.config.IzoloConfig.Hypervisor;
import dev.izolo.vm.qemu.QemuSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The hypervisor's settings, from the configuration and what the set-up made. */
final class HypervisorSettings {
  private static final String QEMU = "qemu-system-x86_64";

  private HypervisorSettings() {}

  static QemuSettings of(IzoloConfig config, Artefacts artefacts) {
    Hypervisor wanted = config.hypervisor();
    Path missing = config.stateDir().resolve("not-built");
    QemuSettings settings = QemuSettings.defaults(
            chosen(wanted.kernel(), artefacts.kernel()).orElse(missing.resolve("vmlinux")),
            chosen(wanted.rootfs(), artefacts.rootfs()).orElse(missing.resolve("rootfs.erofs")),
            config.runDir(),
            List.of(config.stateDir()))
        .withQemu(wanted.qemu().isEmpty() ? qemuOnPath() : Path.of(wanted.qemu()))
        .withUids(wanted.uidMin(), wanted.uidMax())
        .withAccelerator(switch (wanted.accelerator()) {
          case AUTO -> QemuSettings.AcceleratorChoice.AUTO;
          case KVM -> QemuSettings.AcceleratorChoice.KVM;
          case TCG -> QemuSettings.AcceleratorChoice.TCG;
        })
        .withSharedTemplateMemory(config.template().shareMemory())
        .withVsock(switch (wanted.vsock()) {
          case AUTO -> QemuSettings.VsockChoice.AUTO;
          case KERNEL -> QemuSettings.VsockChoice.KERNEL;
          case VHOST_USER -> QemuSettings.VsockChoice.HYBRID;
        });
    return chosen(wanted.vsockBackend(), artefacts.vsockBackend()).map(settings::withVsockBackend).orElse(settings);
  }

  private static Optional<Path> chosen(String configured, Optional<Path> made) {
    return configured.isEmpty() ? made : Optional.of(Path.of(configured));
  }

  private static Path qemuOnPath() {
    return Programs.find(QEMU).orElse(Path.of("/usr/bin", QEMU));
  }
}
