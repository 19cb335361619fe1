package dev.izolo.vm.qemu;

import dev.izolo.vm.HostSupport.Accelerator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which devices a machine has and at which addresses, as QEMU arguments: a pure function. A machine that is restored
 * from another's saved state must be laid out like that one, so every address is spelt out, and everything that differs
 * between VMs is a descriptor, an id or the link's MAC. What cannot be in a saved state (the vsock device, for it has
 * its other end outside QEMU) sits on a PCI Express root port, where it can be plugged later.
 *
 * @param id names the VM in process lists
 * @param vcpus at boot
 * @param maxVcpus to grow to
 * @param memoryMib at boot
 * @param maxMemoryMib to grow to
 * @param tcgBufferMib used under TCG only
 * @param kernelArgs appended to the ones every guest gets
 * @param descriptors the numbers under which QEMU finds what it was given
 * @param ram where the guest's memory is
 * @param vsock how the guest's vsock device gets its other end
 * @param mac of the guest's link, empty for none
 * @param incoming waits for a saved state, and leaves out what cannot be in one: the vsock device
 */
record MachineLayout(
    String id,
    Accelerator accelerator,
    int vcpus,
    int maxVcpus,
    int memoryMib,
    int maxMemoryMib,
    int tcgBufferMib,
    List<String> kernelArgs,
    Descriptors descriptors,
    Ram ram,
    VsockDevice vsock,
    Optional<String> mac,
    boolean incoming) {

  /** The id of the virtio-scsi controller's bus that disks are plugged into. */
  static final String DISK_BUS = "scsi.0";

  /** How often a machine's memory can grow; few, for each takes one of a vhost-user backend's few memory regions. */
  static final int MEMORY_SLOTS = 4;

  private static final int ROOT_PORTS = 4;

  /** The id of the vsock device. */
  static final String VSOCK_DEVICE = "vsockdev";

  /** The root port that is the vsock device's. */
  static final String VSOCK_BUS = "port0";

  /** {@code vsock} is absent for a machine that gets its vsock later, {@code tap} for one without a link. */
  record Descriptors(
      int qmpListener, int consoleListener, int kernel, int rootfs, OptionalInt vsock, OptionalInt tap) {}

  sealed interface Ram {
    /** Nobody else's. */
    record Anonymous() implements Ram {}

    /**
     * A file of its size, mapped.
     *
     * @param shared what the guest writes goes to the file; otherwise to pages of QEMU's own
     */
    record File(int descriptor, boolean shared) implements Ram {}
  }

  sealed interface VsockDevice {
    /** vhost in the host's kernel. */
    record Kernel(int cid) implements VsockDevice {}

    /** A vhost-user backend, which needs to map the guest's memory. */
    record Backend() implements VsockDevice {}
  }

  /** What comes after the program's name. */
  List<String> arguments() {
    var args = new ArrayList<String>();
    add(args, "-name", "izolo-" + id);
    args.addAll(List.of("-no-user-config", "-nodefaults", "-display", "none", "-no-reboot", "-S"));
    add(args, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    processor(args);
    memory(args);
    kernel(args);
    consoleAndControl(args);
    fixedDevices(args);
    rootPorts(args);
    if (incoming) {
      add(args, "-incoming", "defer");
    } else {
      vsockDevice(args);
    }
    return List.copyOf(args);
  }

  /** The guest kernel's command line. */
  String kernelCommandLine() {
    var words =
        new ArrayList<>(
            List.of(
                "console=ttyS0", "quiet", "panic=-1", "root=/dev/vda", "ro", "rootfstype=erofs", "init=/sbin/init"));
    if (accelerator == Accelerator.TCG) {
      // Translated code does not speculate as the guest's would, so its mitigations guard nothing and cost time; the
      // timer check can fail when the host is busy.
      words.addAll(List.of("mitigations=off", "no_timer_check"));
    }
    words.addAll(kernelArgs);
    return String.join(" ", words);
  }

  private void processor(List<String> args) {
    switch (accelerator) {
      case KVM -> {
        add(args, "-accel", "kvm");
        add(args, "-cpu", "host");
      }
      case TCG -> {
        // One thread runs all processors in turn. With a thread each, QEMU 7.2 may keep a translation of code that another
        // processor has just patched: a kernel that flips a static branch meets a breakpoint that is no more, and panics.
        add(args, "-accel", "tcg,thread=single,tb-size=" + tcgBufferMib);
        add(args, "-cpu", "max");
      }
    }
    add(args, "-smp", "cpus=%d,maxcpus=%d".formatted(vcpus, Math.max(vcpus, maxVcpus)));
  }

  private void memory(List<String> args) {
    add(args, "-machine", "q35,memory-backend=ram,vmport=off,sata=off,smbus=off");
    if (memoryMib < maxMemoryMib) {
      add(args, "-m", "size=%dM,slots=%d,maxmem=%dM".formatted(memoryMib, MEMORY_SLOTS, maxMemoryMib));
    } else {
      add(args, "-m", "size=%dM".formatted(memoryMib));
    }
    String object =
        switch (ram) {
          case Ram.Anonymous _ -> "memory-backend-ram,id=ram,size=%dM".formatted(memoryMib);
          case Ram.File(int descriptor, boolean shared) ->
              "memory-backend-file,id=ram,size=%dM,mem-path=/proc/self/fd/%d,share=%s"
                  .formatted(memoryMib, descriptor, shared ? "on" : "off");
        };
    add(args, "-object", object);
  }

  private void kernel(List<String> args) {
    add(args, "-kernel", "/proc/self/fd/" + descriptors.kernel());
    add(args, "-append", kernelCommandLine());
  }

  private void consoleAndControl(List<String> args) {
    add(args, "-chardev", "socket,id=qmp,fd=%d,server=on,wait=off".formatted(descriptors.qmpListener()));
    add(args, "-mon", "chardev=qmp,mode=control");
    add(args, "-chardev", "socket,id=console,fd=%d,server=on,wait=off".formatted(descriptors.consoleListener()));
    add(args, "-device", "isa-serial,id=serial,chardev=console");
  }

  private void fixedDevices(List<String> args) {
    add(args, "-add-fd", "fd=%d,set=0,opaque=rootfs".formatted(descriptors.rootfs()));
    add(
        args,
        "-blockdev",
        "driver=raw,node-name=rootfs,read-only=on,file.driver=file,file.filename=/dev/fdset/0,"
            + "file.locking=off,file.auto-read-only=off,file.read-only=on");
    device(args, "virtio-blk-pci,id=rootdisk,drive=rootfs,num-queues=1", 0x2);
    device(args, "virtio-scsi-pci,id=scsi,num_queues=1", 0x3);
    add(args, "-object", "rng-builtin,id=rng0");
    device(args, "virtio-rng-pci,id=rng,rng=rng0", 0x4);
    device(args, "virtio-balloon-pci,id=balloon,deflate-on-oom=on,free-page-reporting=on", 0x5);
    if (descriptors.tap().isPresent()) {
      add(args, "-netdev", "tap,id=net0,fd=" + descriptors.tap().getAsInt());
      // With guest_announce, and told to announce nothing after a restore, QEMU 7.2 crashes when the guest resets it.
      device(args, "virtio-net-pci,id=link0,netdev=net0,guest_announce=off,romfile=,mac=" + mac.orElseThrow(), 0x6);
    }
    add(args, "-device", "vmgenid,id=generation,guid=auto");
  }

  private static void rootPorts(List<String> args) {
    for (int i = 0; i < ROOT_PORTS; i++) {
      device(args, "pcie-root-port,id=port%d,chassis=%d,port=%d".formatted(i, i + 1, i + 1), 0x8 + i);
    }
  }

  private void vsockDevice(List<String> args) {
    int descriptor = descriptors.vsock().orElseThrow();
    switch (vsock) {
      case VsockDevice.Kernel(int cid) ->
          add(
              args,
              "-device",
              "vhost-vsock-pci,id=%s,bus=%s,guest-cid=%d,vhostfd=%d"
                  .formatted(VSOCK_DEVICE, VSOCK_BUS, cid, descriptor));
      case VsockDevice.Backend _ -> {
        add(args, "-chardev", "socket,id=vsock,fd=" + descriptor);
        add(args, "-device", "vhost-user-vsock-pci,id=%s,bus=%s,chardev=vsock".formatted(VSOCK_DEVICE, VSOCK_BUS));
      }
    }
  }

  private static void device(List<String> args, String device, int slot) {
    add(args, "-device", device + ",bus=pcie.0,addr=0x" + Integer.toHexString(slot).toLowerCase(Locale.ROOT));
  }

  private static void add(List<String> args, String option, String value) {
    args.add(option);
    args.add(value);
  }
}
