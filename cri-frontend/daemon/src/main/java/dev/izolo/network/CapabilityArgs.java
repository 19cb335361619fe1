package dev.izolo.network;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.network.address.IpText;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What a pod asks of plugins that declare the matching capability (CNI conventions: "capabilities"). */
final class CapabilityArgs {
  static final String PORT_MAPPINGS = "portMappings";
  static final String BANDWIDTH = "bandwidth";
  static final String POD_ANNOTATIONS = "io.kubernetes.cri.pod-annotations";

  private static final String INGRESS = "kubernetes.io/ingress-bandwidth";
  private static final String EGRESS = "kubernetes.io/egress-bandwidth";

  /** Kubernetes accepts bandwidths between these, in bits per second. */
  private static final long MIN_BITS_PER_SECOND = 1_000;

  private static final long MAX_BITS_PER_SECOND = 1_000_000_000_000_000L;

  /** Other runtimes allow bursts without limit, in bits; a plugin's own default would drop packets at low rates. */
  private static final long BURST_BITS = (1L << 32) - 1;

  private static final Set<String> PROTOCOLS = Set.of("tcp", "udp", "sctp");

  private CapabilityArgs() {}

  /**
   * @throws IllegalArgumentException naming what in the pod's request cannot be
   */
  static ObjectNode of(List<PodNetworks.PortMapping> portMappings, Map<String, String> annotations) {
    ObjectNode args = JsonNodeFactory.instance.objectNode();
    ArrayNode ports = JsonNodeFactory.instance.arrayNode();
    portMappings.stream().filter(mapping -> mapping.hostPort() != 0).forEach(mapping -> ports.add(port(mapping)));
    if (!ports.isEmpty()) {
      args.set(PORT_MAPPINGS, ports);
    }
    ObjectNode bandwidth = JsonNodeFactory.instance.objectNode();
    rate(bandwidth, annotations, INGRESS, "ingress");
    rate(bandwidth, annotations, EGRESS, "egress");
    if (!bandwidth.isEmpty()) {
      args.set(BANDWIDTH, bandwidth);
    }
    if (!annotations.isEmpty()) {
      ObjectNode all = args.putObject(POD_ANNOTATIONS);
      annotations.forEach(all::put);
    }
    return args;
  }

  private static ObjectNode port(PodNetworks.PortMapping mapping) {
    String protocol = mapping.protocol().toLowerCase(Locale.ROOT);
    if (!PROTOCOLS.contains(protocol)) {
      throw new IllegalArgumentException("a port mapping's protocol must be TCP, UDP or SCTP");
    }
    ObjectNode port = JsonNodeFactory.instance.objectNode();
    port.put("hostPort", inRange("host port", mapping.hostPort()));
    port.put("containerPort", inRange("container port", mapping.containerPort()));
    port.put("protocol", protocol);
    if (!mapping.hostIp().isEmpty()) {
      try {
        port.put("hostIP", IpText.address(mapping.hostIp()).getHostAddress());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("a port mapping's host IP is " + e.getMessage(), e);
      }
    }
    return port;
  }

  private static int inRange(String what, int port) {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("a port mapping's %s %d is out of range".formatted(what, port));
    }
    return port;
  }

  private static void rate(ObjectNode bandwidth, Map<String, String> annotations, String annotation, String prefix) {
    String text = annotations.get(annotation);
    if (text == null) {
      return;
    }
    long bits;
    try {
      bits = Quantity.parse(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("annotation %s %s".formatted(annotation, e.getMessage()), e);
    }
    if (bits < MIN_BITS_PER_SECOND || bits > MAX_BITS_PER_SECOND) {
      throw new IllegalArgumentException("annotation %s must be between 1k and 1P".formatted(annotation));
    }
    bandwidth.put(prefix + "Rate", bits);
    bandwidth.put(prefix + "Burst", BURST_BITS);
  }
}
