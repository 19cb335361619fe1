package dev.izolo.vm.qemu;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How this host runs VMs; from the configuration, never from a pod.
 *
 * @param qemu the program, absolute
 * @param kernel the guest kernel, an uncompressed PVH vmlinux, readable by everybody
 * @param rootfs the guest's root file system, one EROFS image
 * @param vsockBackend the vhost-device-vsock program, needed on hosts without the kernel's vhost-vsock
 * @param firstUid lowest of the user and group ids that VMs run as
 * @param lastUid highest of them
 * @param runDirectory on this host alone and gone after a reboot: claims of ids, the probe's cached answer
 * @param diskDirectories the only directories whose files may be attached as disks
 * @param maxVcpus how far a VM can grow; part of the machine's layout, hence the same for every VM
 * @param maxMemoryMib likewise
 * @param tcgBufferMib size of the buffer for translated code under TCG; unbounded it grows past 1 GiB
 * @param startTimeout for QEMU to start and answer, guest not included
 * @param shareTemplateMemory where the vsock allows it, VMs of one template share the pages of it that they have not
 *     written to; off, each gets a copy, and none can measure what another has in common with it (CVE-2015-2877)
 */
public record QemuSettings(
    Path qemu,
    Path kernel,
    Path rootfs,
    Optional<Path> vsockBackend,
    AcceleratorChoice accelerator,
    VsockChoice vsock,
    int firstUid,
    int lastUid,
    Path runDirectory,
    List<Path> diskDirectories,
    int maxVcpus,
    int maxMemoryMib,
    int tcgBufferMib,
    Duration startTimeout,
    boolean shareTemplateMemory) {

  /** AUTO takes KVM only where it truly runs a guest. */
  public enum AcceleratorChoice {
    AUTO,
    KVM,
    TCG
  }

  /** AUTO takes the kernel's vhost-vsock where the host has it. */
  public enum VsockChoice {
    AUTO,
    KERNEL,
    HYBRID
  }

  public QemuSettings {
    if (firstUid < 1000 || lastUid < firstUid) {
      throw new IllegalArgumentException("not a range of unprivileged user ids: " + firstUid + "-" + lastUid);
    }
    if (maxVcpus < 1 || maxMemoryMib < 1 || tcgBufferMib < 1) {
      throw new IllegalArgumentException("maxVcpus, maxMemoryMib and tcgBufferMib must be positive");
    }
    diskDirectories = List.copyOf(diskDirectories);
  }

  /** Everything that has a good default. */
  public static QemuSettings defaults(Path kernel, Path rootfs, Path runDirectory, List<Path> diskDirectories) {
    return new QemuSettings(
        Path.of("/usr/bin/qemu-system-x86_64"),
        kernel,
        rootfs,
        Optional.empty(),
        AcceleratorChoice.AUTO,
        VsockChoice.AUTO,
        700_000,
        765_535,
        runDirectory,
        diskDirectories,
        8,
        65_536,
        128,
        Duration.ofSeconds(20),
        true);
  }

  public QemuSettings withQemu(Path program) {
    return new QemuSettings(
        program, kernel, rootfs, vsockBackend, accelerator, vsock, firstUid, lastUid, runDirectory, diskDirectories,
        maxVcpus, maxMemoryMib, tcgBufferMib, startTimeout, shareTemplateMemory);
  }

  public QemuSettings withVsockBackend(Path program) {
    return new QemuSettings(
        qemu, kernel, rootfs, Optional.of(program), accelerator, vsock, firstUid, lastUid, runDirectory,
        diskDirectories, maxVcpus, maxMemoryMib, tcgBufferMib, startTimeout, shareTemplateMemory);
  }

  public QemuSettings withAccelerator(AcceleratorChoice choice) {
    return new QemuSettings(
        qemu, kernel, rootfs, vsockBackend, choice, vsock, firstUid, lastUid, runDirectory, diskDirectories, maxVcpus,
        maxMemoryMib, tcgBufferMib, startTimeout, shareTemplateMemory);
  }

  public QemuSettings withVsock(VsockChoice choice) {
    return new QemuSettings(
        qemu, kernel, rootfs, vsockBackend, accelerator, choice, firstUid, lastUid, runDirectory, diskDirectories,
        maxVcpus, maxMemoryMib, tcgBufferMib, startTimeout, shareTemplateMemory);
  }

  public QemuSettings withUids(int first, int last) {
    return new QemuSettings(
        qemu, kernel, rootfs, vsockBackend, accelerator, vsock, first, last, runDirectory, diskDirectories, maxVcpus,
        maxMemoryMib, tcgBufferMib, startTimeout, shareTemplateMemory);
  }

  public QemuSettings withLimits(int vcpus, int memoryMib) {
    return new QemuSettings(
        qemu, kernel, rootfs, vsockBackend, accelerator, vsock, firstUid, lastUid, runDirectory, diskDirectories,
        vcpus, memoryMib, tcgBufferMib, startTimeout, shareTemplateMemory);
  }

  public QemuSettings withSharedTemplateMemory(boolean shared) {
    return new QemuSettings(
        qemu, kernel, rootfs, vsockBackend, accelerator, vsock, firstUid, lastUid, runDirectory, diskDirectories,
        maxVcpus, maxMemoryMib, tcgBufferMib, startTimeout, shared);
  }
}
