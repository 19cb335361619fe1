package dev.izolo.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.izolo.network.cni.CniException.BadConfiguration;
import dev.izolo.network.cni.NetworkList;
import dev.izolo.network.cni.NetworkListParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;

/** The network that Izolo ships: a bridge of its own, IPv4 and, where the host has it, IPv6, with host ports. */
public final class DefaultNetwork {
  private static final String RESOURCE = "izolo-default.conflist";

  private DefaultNetwork() {}

  /** The configuration as shipped, in the format of a {@code .conflist} file. */
  public static byte[] shipped() {
    try (InputStream in = DefaultNetwork.class.getResourceAsStream(RESOURCE)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("the shipped network configuration cannot be read", e);
    }
  }

  static NetworkList forThisHost() {
    return forHost(Files.exists(Path.of("/proc/sys/net/ipv6")));
  }

  static NetworkList forHost(boolean hasIpv6) {
    try {
      byte[] json = shipped();
      return NetworkListParser.parseList("shipped " + RESOURCE, hasIpv6 ? json : withoutIpv6(json));
    } catch (BadConfiguration | IOException e) {
      throw new IllegalStateException("the shipped network configuration is broken", e);
    }
  }

  private static byte[] withoutIpv6(byte[] json) throws IOException {
    JsonMapper mapper = new JsonMapper();
    JsonNode list = mapper.readTree(json);
    JsonNode ipam = list.at("/plugins/0/ipam");
    removeIpv6(ipam.path("ranges").iterator(), "/0/subnet");
    removeIpv6(ipam.path("routes").iterator(), "/dst");
    return mapper.writeValueAsBytes(list);
  }

  private static void removeIpv6(Iterator<JsonNode> entries, String pointer) {
    while (entries.hasNext()) {
      if (entries.next().at(pointer).asText().contains(":")) {
        entries.remove();
      }
    }
  }
}
