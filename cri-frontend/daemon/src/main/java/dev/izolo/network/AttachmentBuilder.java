package dev.izolo.network;

import dev.izolo.network.PodNetworks.Attachment;
import dev.izolo.network.address.IpText;
import dev.izolo.network.cni.CniResult;
import dev.izolo.network.link.NamespaceState;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the guest is told, from what the namespace really has. The plugins' result only adds what the namespace cannot
 * say: which address comes first, and DNS.
 */
final class AttachmentBuilder {
  private AttachmentBuilder() {}

  static Attachment build(String interfaceName, NamespaceState state, CniResult result) {
    // Keyed by value: a plugin may write an IPv6 address in another form than the kernel's.
    Map<InetAddress, String> present = new LinkedHashMap<>();
    for (String address : state.addresses()) {
      present.put(IpText.Cidr.parse(address).address(), address.substring(0, address.indexOf('/')));
    }
    Set<String> podIps = new LinkedHashSet<>();
    result.addressesOf(interfaceName).stream()
        .flatMap(cidr -> Optional.ofNullable(present.get(cidr.address())).stream())
        .forEach(podIps::add);
    podIps.addAll(present.values());
    List<PodNetworks.Route> routes =
        state.routes().stream()
            .map(
                route ->
                    new PodNetworks.Route(
                        route.destination(), route.gateway(), interfaceName, route.mtu(), route.ipv6()))
            .toList();
    return new Attachment(
        List.of(new PodNetworks.Interface(interfaceName, state.mac(), state.mtu(), state.addresses())),
        routes,
        dns(result.dns()),
        List.copyOf(podIps));
  }

  private static PodNetworks.Dns dns(CniResult.Dns dns) {
    List<String> searches = dns.search().isEmpty() && !dns.domain().isEmpty() ? List.of(dns.domain()) : dns.search();
    return new PodNetworks.Dns(dns.nameservers(), searches, dns.options());
  }
}
