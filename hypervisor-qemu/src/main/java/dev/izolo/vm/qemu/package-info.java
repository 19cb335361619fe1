/**
 * VMs as QEMU processes. Reading order: {@link dev.izolo.vm.qemu.QemuVmm} boots and adopts, {@link
 * dev.izolo.vm.qemu.MachineLayout} says what devices a machine has and where, {@link dev.izolo.vm.qemu.Jail} how its
 * processes are confined, {@link dev.izolo.vm.qemu.QemuVm} what can be done with one that runs.
 *
 * <p>QEMU is given open descriptors for everything it uses: kernel, root, disks, tap, sockets. It runs as a user of
 * its own that may open nothing of Izolo's.
 */
package dev.izolo.vm.qemu;
