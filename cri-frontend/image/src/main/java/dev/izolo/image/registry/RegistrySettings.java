package dev.izolo.image.registry;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * How registries are talked to.
 *
 * @param plainHttpHosts {@code host} or {@code host:port} of registries without TLS, beside loopback ones
 * @param hostsDirectory directory of {@code <registry>/hosts.toml} files: mirrors, by containerd's convention
 * @param connectTimeout for a TCP and TLS connection
 * @param responseTimeout from a request to its answer's headers
 * @param stallTimeout without a byte of a body
 * @param attempts of one request, the first included
 * @param firstBackoff before the second attempt; doubled before each further one
 */
public record RegistrySettings(
    Set<String> plainHttpHosts,
    Optional<Path> hostsDirectory,
    Duration connectTimeout,
    Duration responseTimeout,
    Duration stallTimeout,
    int attempts,
    Duration firstBackoff) {
  public static final RegistrySettings DEFAULT = new RegistrySettings(
      Set.of(), Optional.empty(), Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofSeconds(30), 5,
      Duration.ofMillis(250));

  public RegistrySettings {
    plainHttpHosts = Set.copyOf(plainHttpHosts);
    if (attempts < 1) {
      throw new IllegalArgumentException("at least one attempt is needed");
    }
  }

  public RegistrySettings withPlainHttpHosts(Set<String> hosts) {
    return new RegistrySettings(
        hosts, hostsDirectory, connectTimeout, responseTimeout, stallTimeout, attempts, firstBackoff);
  }

  public RegistrySettings withHostsDirectory(Path directory) {
    return new RegistrySettings(plainHttpHosts, Optional.of(directory), connectTimeout, responseTimeout, stallTimeout,
        attempts, firstBackoff);
  }

  public RegistrySettings withPatience(Duration response, Duration stall, int tries, Duration backoff) {
    return new RegistrySettings(plainHttpHosts, hostsDirectory, connectTimeout, response, stall, tries, backoff);
  }
}
