package dev.izolo.network;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Networks for sandboxes: a network namespace with a tap for the VM, connected to the cluster's network by CNI.
 * Split in two so that the slow first half can be done ahead for a warm pool and beside a VM's boot. Safe for
 * concurrent use.
 */
public interface PodNetworks {
  /** Whether a pod could get a network now, and if not, why, in the words for CRI's NetworkReady condition. */
  Readiness readiness();

  /** Makes the namespace and the tap in it. No addresses, no CNI yet. */
  PodNetwork prepare(String sandboxId) throws NetworkException, InterruptedException;

  /**
   * Runs CNI ADD for every plugin of the conflist in the prepared namespace and redirects traffic between its
   * interface and the tap. On failure CNI DEL has been run and the namespace is as prepared.
   */
  Attachment attach(PodNetwork network, PodIdentity pod, List<PortMapping> portMappings, Map<String, String> annotations)
      throws NetworkException, InterruptedException;

  /**
   * Runs CNI DEL with the result that ADD left, then removes the namespace. Idempotent; works from what
   * {@link #attach} and {@link #prepare} recorded on disk, after a restart too, and not cancelled by interruption.
   */
  void release(String sandboxId) throws NetworkException;

  /** Ids of sandboxes that have something here on disk: for the clean-up at start. */
  List<String> recorded() throws NetworkException;

  record Readiness(boolean ready, String reason, String message) {}

  record PodNetwork(String sandboxId, Path namespace, String tap, String tapMac) {}

  record PodIdentity(String name, String namespace, String uid, String sandboxId) {}

  record PortMapping(String protocol, int containerPort, int hostPort, String hostIp) {}

  /** What the guest must be told so that it becomes the owner of the CNI interface's identity. */
  record Attachment(List<Interface> interfaces, List<Route> routes, Dns dns, List<String> podIps) {}

  record Interface(String name, String mac, int mtu, List<String> addresses) {}

  /** {@code destination} empty for a default route. */
  record Route(String destination, String gateway, String interfaceName, int mtu, boolean ipv6) {}

  record Dns(List<String> servers, List<String> searches, List<String> options) {}
}
