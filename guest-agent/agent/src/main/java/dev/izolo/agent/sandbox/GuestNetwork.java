package dev.izolo.agent.sandbox;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.v1.NetworkInterface;
import dev.izolo.agent.v1.Route;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The VM's network devices: found once, given a pod's names, addresses and routes once. */
final class GuestNetwork {
  private static final int LOOPBACK_INDEX = 1;
  private static final int MAX_NAME_CHARS = 15;

  private record Link(String name, int index) {}

  private List<Link> links = List.of();

  /** Finds the devices, which are part of the machine, and brings loopback up. */
  void prepare() throws IOException {
    links = find();
    try (Rtnetlink netlink = new Rtnetlink()) {
      netlink.link(LOOPBACK_INDEX, NetworkInterface.newBuilder().setName("lo").build(), false);
      netlink.apply();
    }
  }

  /** Interfaces go to the devices in the order of the bus. */
  void configure(List<NetworkInterface> interfaces, List<Route> routes) throws IOException {
    if (interfaces.size() > links.size()) {
      throw new AgentException.Refused(
          "the sandbox has " + interfaces.size() + " interfaces and the VM has " + links.size());
    }
    Map<String, Integer> indexes = new HashMap<>();
    try (Rtnetlink netlink = new Rtnetlink()) {
      for (int i = 0; i < interfaces.size(); i++) {
        NetworkInterface wanted = interfaces.get(i);
        Link link = links.get(i);
        checkName(wanted.getName());
        boolean rename = !wanted.getName().equals(link.name());
        if (rename) {
          netlink.down(link.index());
        }
        netlink.link(link.index(), wanted, rename);
        for (String address : wanted.getAddressesList()) {
          netlink.address(link.index(), IpPrefix.parse(address));
        }
        indexes.put(wanted.getName(), link.index());
      }
      // Routes without a gateway first: they may be what makes another's gateway reachable.
      addRoutes(netlink, routes, indexes, false);
      addRoutes(netlink, routes, indexes, true);
      netlink.apply();
    }
  }

  /**
   * Takes the devices down, with which routes and IPv6 addresses go, and removes these interfaces' IPv4 addresses. A
   * device's own address stays until it is set again.
   */
  void takeBack(List<NetworkInterface> interfaces) throws IOException {
    try (Rtnetlink netlink = new Rtnetlink()) {
      for (int i = 0; i < interfaces.size(); i++) {
        for (String address : interfaces.get(i).getAddressesList()) {
          IpPrefix prefix = IpPrefix.parse(address);
          if (!prefix.ipv6()) {
            netlink.removeAddress(links.get(i).index(), prefix);
          }
        }
      }
      for (Link link : links) {
        netlink.down(link.index());
      }
      netlink.apply();
    }
  }

  private static void addRoutes(Rtnetlink netlink, List<Route> routes, Map<String, Integer> indexes, boolean gateways) {
    for (Route route : routes) {
      if (route.getGateway().isEmpty() == gateways) {
        continue;
      }
      Integer index = route.getInterfaceName().isEmpty() && indexes.size() == 1
          ? indexes.values().iterator().next()
          : indexes.get(route.getInterfaceName());
      if (index == null) {
        throw new AgentException.Invalid("a route names the interface \"" + route.getInterfaceName()
            + "\", which the sandbox does not have");
      }
      netlink.route(index, route);
    }
  }

  static void checkName(String name) {
    boolean valid = !name.isEmpty() && name.length() <= MAX_NAME_CHARS && Ascii.consistsOfLettersDigitsAnd("_.-", name);
    if (!valid || name.equals(".") || name.equals("..")) {
      throw new AgentException.Invalid("\"" + name + "\" is no interface name");
    }
  }

  /** The VM's network devices in the order of their places on the bus. */
  private static List<Link> find() throws IOException {
    TreeMap<String, Link> found = new TreeMap<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/sys/class/net"))) {
      for (Path link : all) {
        Path device = link.resolve("device");
        if (Files.exists(device)) {
          found.put(device.toRealPath() + " " + link.getFileName(), new Link(link.getFileName().toString(),
              Integer.parseInt(Files.readString(link.resolve("ifindex")).strip())));
        }
      }
    }
    return new ArrayList<>(found.values());
  }
}
