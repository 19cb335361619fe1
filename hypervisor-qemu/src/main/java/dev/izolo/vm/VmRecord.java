package dev.izolo.vm;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What must be known to find a VM again after a daemon restart; JSON-serialisable, stored with the sandbox.
 *
 * @param qemu QEMU's process
 * @param helpers other processes that exist for this VM alone (the vsock backend)
 * @param uid the unprivileged user and group they run as
 * @param vsock how to reach the guest
 * @param disks what is attached
 * @param details further facts that only the VMM that wrote them reads
 */
public record VmRecord(
    String id,
    Path directory,
    ProcessIdentity qemu,
    List<ProcessIdentity> helpers,
    int uid,
    String vsock,
    List<AttachedDisk> disks,
    Map<String, String> details) {

  /** A process that cannot be mistaken for a later one with the same pid. Start time as in /proc/PID/stat, field 22. */
  public record ProcessIdentity(long pid, long startTimeTicks) {}
}
