package dev.izolo.network.cni;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.network.address.IpText;
import java.util.List;
import java.util.OptionalInt;

/**
 * What ADD made (CNI specification, section 5).
 *
 * @param raw as the plugin wrote it: the next plugin and DEL are given exactly this
 */
public record CniResult(
    List<Interface> interfaces, List<Ip> ips, List<Route> routes, Dns dns, ObjectNode raw) {
  public CniResult {
    interfaces = List.copyOf(interfaces);
    ips = List.copyOf(ips);
    routes = List.copyOf(routes);
  }

  /** Empty {@code sandbox}: on the host. */
  public record Interface(String name, String mac, String sandbox) {}

  /** {@code gateway} may be empty; {@code interfaceIndex} is into {@link #interfaces}. */
  public record Ip(IpText.Cidr address, String gateway, OptionalInt interfaceIndex) {}

  /** {@code gateway} may be empty. */
  public record Route(IpText.Cidr destination, String gateway) {}

  public record Dns(List<String> nameservers, String domain, List<String> search, List<String> options) {
    public Dns {
      nameservers = List.copyOf(nameservers);
      search = List.copyOf(search);
      options = List.copyOf(options);
    }
  }

  /** Addresses of the interface of that name inside the sandbox, in the plugin's order; all if it names none. */
  public List<IpText.Cidr> addressesOf(String interfaceName) {
    return ips.stream()
        .filter(
            ip ->
                ip.interfaceIndex().isEmpty()
                    || interfaces.get(ip.interfaceIndex().getAsInt()).name().equals(interfaceName))
        .map(Ip::address)
        .toList();
  }
}
