package dev.izolo.vm;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a VM is to be.
 *
 * @param id unique on this host, the sandbox's id: {@code [a-z0-9-]{1,64}}
 * @param directory an existing directory, owned by root, for this VM alone: sockets and the like are made beneath
 * @param vcpus how many virtual CPUs it starts with
 * @param memoryMib the guest's RAM at boot
 * @param network the pod's network, or none for a VM without a link
 * @param cgroup cgroup directories (one per v1 controller, or the v2 one) whose {@code cgroup.procs} its processes join
 * @param extraKernelArgs appended to the kernel command line; never from a pod, only from the configuration
 */
public record VmSpec(
    String id,
    Path directory,
    int vcpus,
    int memoryMib,
    Optional<Network> network,
    List<Path> cgroup,
    List<String> extraKernelArgs) {

  /**
   * @param namespace the network namespace QEMU runs in, as a path that can be opened, for example /run/netns/NAME
   * @param tap name of a persistent tap device in it, already up, owned by no one: the VMM gives it to its user
   * @param mac the guest link's initial address
   */
  public record Network(Path namespace, String tap, String mac) {}
}
