package dev.izolo.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.vm.HostSupport.Accelerator;
import dev.izolo.vm.qemu.MachineLayout.Descriptors;
import dev.izolo.vm.qemu.MachineLayout.Ram;
import dev.izolo.vm.qemu.MachineLayout.VsockDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class MachineLayoutTest {
  private static final Descriptors WITH_LINK = new Descriptors(3, 4, 5, 6, OptionalInt.of(7), OptionalInt.of(8));
  private static final Descriptors WITHOUT_LINK = 
      new Descriptors(3, 4, 5, 6, OptionalInt.of(7), OptionalInt.empty());

  @Test
  void laysOutATcgMachineWithABackendForVsock() {
    var layout =
        new MachineLayout(
            "pod-1", Accelerator.TCG, 1, 8, 256, 65_536, 128, List.of("izolo.debug"), WITH_LINK,
            new Ram.File(9, true), new VsockDevice.Backend(), Optional.of("02:00:00:00:00:01"), false);

    assertThat(String.join(" ", layout.arguments()))
        .isEqualTo(
            "-name izolo-pod-1 -no-user-config -nodefaults -display none -no-reboot -S"
                + " -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
                + " -accel tcg,thread=single,tb-size=128 -cpu max -smp cpus=1,maxcpus=8"
                + " -machine q35,memory-backend=ram,vmport=off,sata=off,smbus=off"
                + " -m size=256M,slots=4,maxmem=65536M"
                + " -object memory-backend-file,id=ram,size=256M,mem-path=/proc/self/fd/9,share=on"
                + " -kernel /proc/self/fd/5"
                + " -append console=ttyS0 quiet panic=-1 root=/dev/vda ro rootfstype=erofs init=/sbin/init"
                + " mitigations=off no_timer_check izolo.debug"
                + " -chardev socket,id=qmp,fd=3,server=on,wait=off -mon chardev=qmp,mode=control"
                + " -chardev socket,id=console,fd=4,server=on,wait=off"
                + " -device isa-serial,id=serial,chardev=console"
                + " -add-fd fd=6,set=0,opaque=rootfs"
                + " -blockdev driver=raw,node-name=rootfs,read-only=on,file.driver=file,file.filename=/dev/fdset/0,"
                + "file.locking=off,file.auto-read-only=off,file.read-only=on"
                + " -device virtio-blk-pci,id=rootdisk,drive=rootfs,num-queues=1,bus=pcie.0,addr=0x2"
                + " -device virtio-scsi-pci,id=scsi,num_queues=1,bus=pcie.0,addr=0x3"
                + " -object rng-builtin,id=rng0 -device virtio-rng-pci,id=rng,rng=rng0,bus=pcie.0,addr=0x4"
                + " -device virtio-balloon-pci,id=balloon,deflate-on-oom=on,free-page-reporting=on,bus=pcie.0,addr=0x5"
                + " -netdev tap,id=net0,fd=8"
                + " -device virtio-net-pci,id=link0,netdev=net0,guest_announce=off,romfile=,mac=02:00:00:00:00:01,bus=pcie.0,addr=0x6"
                + " -device vmgenid,id=generation,guid=auto"
                + " -device pcie-root-port,id=port0,chassis=1,port=1,bus=pcie.0,addr=0x8"
                + " -device pcie-root-port,id=port1,chassis=2,port=2,bus=pcie.0,addr=0x9"
                + " -device pcie-root-port,id=port2,chassis=3,port=3,bus=pcie.0,addr=0xa"
                + " -device pcie-root-port,id=port3,chassis=4,port=4,bus=pcie.0,addr=0xb"
                + " -chardev socket,id=vsock,fd=7"
                + " -device vhost-user-vsock-pci,id=vsockdev,bus=port0,chardev=vsock");
  }

  @Test
  void keepsMitigationsOnWhereGuestCodeSpeculates() {
    var layout =
        new MachineLayout(
            "pod-2", Accelerator.KVM, 2, 8, 512, 512, 128, List.of(), WITHOUT_LINK, new Ram.Anonymous(),
            new VsockDevice.Kernel(10_001), Optional.empty(), false);

    assertThat(layout.kernelCommandLine()).doesNotContain("mitigations");
    assertThat(layout.arguments())
        .containsSequence("-accel", "kvm")
        .containsSequence("-cpu", "host")
        .containsSequence("-m", "size=512M")
        .containsSequence("-object", "memory-backend-ram,id=ram,size=512M")
        .containsSequence("-device", "vhost-vsock-pci,id=vsockdev,bus=port0,guest-cid=10001,vhostfd=7")
        .doesNotContain("-netdev");
  }

  @Test
  void bootsWithMoreProcessorsThanItsLimitWhenAskedTo() {
    var layout =
        new MachineLayout(
            "big", Accelerator.KVM, 16, 8, 512, 512, 128, List.of(), WITHOUT_LINK, new Ram.Anonymous(),
            new VsockDevice.Backend(), Optional.empty(), false);

    assertThat(layout.arguments()).containsSequence("-smp", "cpus=16,maxcpus=16");
  }

  @Test
  void laysOutARestoredMachineLikeTheSavedOneButForItsVsock() {
    var saved = machine("template", "02:00:00:00:00:01", new Ram.File(9, true), false).arguments();
    var restored = machine("pod-3", "02:00:00:00:00:02", new Ram.File(9, false), true).arguments();

    var differing = new ArrayList<>(saved);
    restored.forEach(differing::remove);
    assertThat(String.join(" ", differing))
        .isEqualTo(
            "izolo-template"
                + " memory-backend-file,id=ram,size=256M,mem-path=/proc/self/fd/9,share=on"
                + " virtio-net-pci,id=link0,netdev=net0,guest_announce=off,romfile=,mac=02:00:00:00:00:01,bus=pcie.0,addr=0x6"
                + " -chardev socket,id=vsock,fd=7"
                + " -device vhost-user-vsock-pci,id=vsockdev,bus=port0,chardev=vsock");
    assertThat(restored)
        .containsSequence("-incoming", "defer")
        .contains("memory-backend-file,id=ram,size=256M,mem-path=/proc/self/fd/9,share=off")
        .noneMatch(argument -> argument.contains("vsock"));
  }

  private static MachineLayout machine(String id, String mac, Ram ram, boolean incoming) {
    return new MachineLayout(
        id, Accelerator.TCG, 1, 8, 256, 65_536, 128, List.of(), WITH_LINK, ram, new VsockDevice.Backend(),
        Optional.of(mac), incoming);
  }
}
