package dev.izolo.network.link;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.izolo.network.address.IpText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads what {@code ip -json -details} prints for {@code address show} and {@code route show table all}, in this
 * order. Routes of the main table only; of routes to one destination the one with the lowest metric.
 */
final class NamespaceReader {
  private static final JsonMapper MAPPER = new JsonMapper();

  private record Address(String local, int prefixLength, boolean hasPeer) {
    IpText.Cidr cidr() {
      return IpText.Cidr.parse(local + "/" + prefixLength);
    }
  }

  private record Entry(NamespaceState.Route route, boolean fromKernel, boolean onlink, long metric) {}

  private NamespaceReader() {}

  /**
   * @return nothing if there is no such interface
   * @throws IOException if the text is not what iproute2 prints, or holds a route that cannot be carried over
   */
  static Optional<NamespaceState> read(byte[] json, String interfaceName) throws IOException {
    List<JsonNode> documents = new ArrayList<>();
    try (JsonParser parser = MAPPER.createParser(json)) {
      for (JsonNode next = MAPPER.readTree(parser); next != null; next = MAPPER.readTree(parser)) {
        documents.add(next);
      }
    }
    if (documents.size() != 2 || !documents.stream().allMatch(JsonNode::isArray)) {
      throw new IOException("ip printed %d JSON documents instead of two lists".formatted(documents.size()));
    }
    for (JsonNode link : documents.getFirst()) {
      if (link.path("ifname").asText().equals(interfaceName)) {
        try {
          return Optional.of(state(link, documents.get(1), interfaceName));
        } catch (IllegalArgumentException e) {
          throw new IOException("ip printed an address that is " + e.getMessage(), e);
        }
      }
    }
    return Optional.empty();
  }

  private static NamespaceState state(JsonNode link, JsonNode routes, String interfaceName) throws IOException {
    List<Address> addresses = new ArrayList<>();
    for (JsonNode node : link.path("addr_info")) {
      if (node.path("scope").asText().equals("global")) {
        addresses.add(
            new Address(node.path("local").asText(), node.path("prefixlen").asInt(-1), node.has("address")));
      }
    }
    List<Entry> entries = new ArrayList<>();
    for (JsonNode node : routes) {
      entry(node, interfaceName).ifPresent(entries::add);
    }
    Set<String> implied = new HashSet<>();
    List<String> texts = new ArrayList<>();
    for (Address address : addresses) {
      texts.add(text(address, entries, implied));
    }
    return new NamespaceState(
        link.path("address").asText(), link.path("mtu").asInt(), texts, ordered(entries, implied));
  }

  /** The address as the guest must have it; remembers the route that it brings by itself. */
  private static String text(Address address, List<Entry> entries, Set<String> implied) {
    IpText.Cidr own = address.cidr();
    int whole = own.address().getAddress().length * 8;
    if (!address.hasPeer()) {
      for (Entry entry : entries) {
        if (entry.fromKernel
            && entry.route.gateway().isEmpty()
            && !entry.route.destination().isEmpty()
            && IpText.Cidr.parse(entry.route.destination()).prefixLength() == own.prefixLength()
            && own.isIn(IpText.Cidr.parse(entry.route.destination()))) {
          implied.add(entry.route.destination());
          return address.local + "/" + address.prefixLength;
        }
      }
    }
    return address.local + "/" + whole;
  }

  private static Optional<Entry> entry(JsonNode node, String interfaceName) throws IOException {
    if (!node.path("table").asText("main").equals("main") || !node.path("type").asText("unicast").equals("unicast")) {
      return Optional.empty();
    }
    JsonNode hop = node;
    if (node.has("nexthops")) {
      for (JsonNode candidate : node.path("nexthops")) {
        if (candidate.path("dev").asText().equals(interfaceName)) {
          hop = candidate;
          break;
        }
      }
    }
    if (!hop.path("dev").asText().equals(interfaceName)) {
      return Optional.empty();
    }
    String destination = node.path("dst").asText();
    String gateway = hop.path("gateway").asText("");
    if (hop.has("via")) {
      throw new IOException(
          "the route to %s goes through a gateway of the other address family, which is not supported"
              .formatted(destination));
    }
    boolean byDefault = destination.equals("default");
    // Only a route's scope and metric tell the family of "default dev eth0".
    boolean ipv6 =
        byDefault ? gateway.isEmpty() ? node.has("pref") : IpText.isIpv6(gateway) : destination.contains(":");
    String cidr = byDefault ? "" : withLength(destination, ipv6);
    if (ipv6 && !byDefault && IpText.Cidr.parse(cidr).address().isLinkLocalAddress()) {
      return Optional.empty();
    }
    int mtu = 0;
    for (JsonNode metric : node.path("metrics")) {
      mtu = metric.path("mtu").asInt(mtu);
    }
    boolean onlink = false;
    for (JsonNode flag : hop.path("flags")) {
      onlink |= flag.asText().equals("onlink");
    }
    return Optional.of(
        new Entry(
            new NamespaceState.Route(cidr, gateway, mtu, ipv6),
            node.path("protocol").asText().equals("kernel"),
            onlink,
            node.path("metric").asLong(0)));
  }

  private static String withLength(String destination, boolean ipv6) {
    return destination.indexOf('/') >= 0 ? destination : destination + (ipv6 ? "/128" : "/32");
  }

  /** On-link destinations first: the gateways of the others are reached through them. Default routes last. */
  private static List<NamespaceState.Route> ordered(List<Entry> entries, Set<String> implied) {
    Map<String, NamespaceState.Route> chosen = new LinkedHashMap<>();
    List<Entry> byMetric = new ArrayList<>(entries);
    byMetric.sort(Comparator.comparingLong(Entry::metric));
    for (Entry entry : byMetric) {
      NamespaceState.Route route = entry.route;
      if (entry.fromKernel && implied.contains(route.destination())) {
        continue;
      }
      if (entry.onlink && !route.gateway().isEmpty()) {
        // A route to the gateway over the link says the same as the flag, which not every stack can carry.
        String gateway = withLength(route.gateway(), route.ipv6());
        chosen.putIfAbsent(
            route.ipv6() + gateway, new NamespaceState.Route(gateway, "", 0, route.ipv6()));
      }
      chosen.putIfAbsent(route.ipv6() + route.destination(), route);
    }
    List<NamespaceState.Route> routes = new ArrayList<>(chosen.values());
    routes.sort(
        Comparator.comparingInt(
            route -> route.destination().isEmpty() ? 2 : route.gateway().isEmpty() ? 0 : 1));
    return routes;
  }
}
