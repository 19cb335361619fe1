package dev.izolo.network.link;

import java.util.List;

/**
 * What an interface in a namespace really has, whatever a plugin claimed.
 *
 * @param mac colon-separated
 * @param mtu in bytes
 * @param addresses in CIDR notation, global ones only. The length is a host's (32, 128) where the namespace has no
 *     route to the address's prefix through the link: giving it the prefix would add that route in the guest.
 * @param routes what must be added beyond the routes that the addresses themselves bring, each usable when those
 *     before it are there
 */
public record NamespaceState(String mac, int mtu, List<String> addresses, List<Route> routes) {
  public NamespaceState {
    addresses = List.copyOf(addresses);
    routes = List.copyOf(routes);
  }

  /**
   * @param destination in CIDR notation, empty for a default route
   * @param gateway empty for a destination on the link itself
   * @param mtu 0 for the link's
   */
  public record Route(String destination, String gateway, int mtu, boolean ipv6) {}
}
