package dev.izolo.network;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How pods are connected.
 *
 * @param configDirectory where CNI configurations are, usually /etc/cni/net.d
 * @param pluginDirectories where plugins are looked for, in this order
 * @param stateDirectory for this service alone, for example /var/lib/izolo/network; made if absent
 * @param pluginLimit how long one plugin may take
 * @param defaultNetwork whether the network that Izolo ships serves while the configuration directory has none: for a
 *     machine of one's own. On a cluster's node it must be false, for the cluster installs its network later.
 */
public record NetworkSettings(
    Path configDirectory,
    List<Path> pluginDirectories,
    Path stateDirectory,
    Duration pluginLimit,
    boolean defaultNetwork) {
  public static final Path DEFAULT_CONFIG_DIRECTORY = Path.of("/etc/cni/net.d");
  public static final List<Path> DEFAULT_PLUGIN_DIRECTORIES = List.of(Path.of("/opt/cni/bin"), Path.of("/usr/lib/cni"));
  public static final Duration DEFAULT_PLUGIN_LIMIT = Duration.ofSeconds(30);

  public NetworkSettings {
    pluginDirectories = List.copyOf(pluginDirectories);
    if (!pluginLimit.isPositive()) {
      throw new IllegalArgumentException("a plugin's time limit must be positive");
    }
  }
}
