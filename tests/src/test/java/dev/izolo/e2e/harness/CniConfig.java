package dev.izolo.e2e.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The pod network of a test: a bridge with IPv4 and IPv6 and host ports, by the plugins that Debian ships. */
public final class CniConfig {
  /** Where the gateway, and so the node, answers pods. */
  public static final String GATEWAY_4 = "10.231.0.1";

  static final String BRIDGE = "e2e0";

  private CniConfig() {}

  /** Writes the conflist into {@code directory}; address leases go to {@code leases}. */
  public static void write(Path directory, Path leases) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("10-test.conflist"), """
        {
          "cniVersion": "1.0.0",
          "name": "izolo-e2e",
          "plugins": [
            {
              "type": "bridge", "bridge": "%s", "isGateway": true, "ipMasq": true, "hairpinMode": true,
              "ipam": {
                "type": "host-local", "dataDir": "%s",
                "ranges": [[{"subnet": "10.231.0.0/16"}], [{"subnet": "fd00:231::/64"}]],
                "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
              }
            },
            {"type": "portmap", "capabilities": {"portMappings": true}}
          ]
        }
        """.formatted(BRIDGE, leases));
  }
}
