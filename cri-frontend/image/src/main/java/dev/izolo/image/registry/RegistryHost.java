package dev.izolo.image.registry;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A server that has a registry's images: the registry itself or a mirror.
 *
 * @param api where its API is, ending in {@code /v2} as a rule, without a closing slash
 * @param canPull serves content by digest
 * @param canResolve may say what a tag means
 * @param skipVerify takes any certificate
 * @param certificates PEM files of further authorities
 * @param headers sent with every request
 * @param isOrigin the registry itself, rather than a mirror
 */
record RegistryHost(URI api, boolean canPull, boolean canResolve, boolean skipVerify, List<Path> certificates,
    Map<String, List<String>> headers, boolean isOrigin) {
  String authority() {
    return api.getRawAuthority();
  }

  /**
   * A server that this one leads to, by a redirect or as its token service: the authorities trusted for this one are
   * trusted for it too (as containerd does), but its certificate is checked, and it is told nothing of what is
   * configured.
   */
  RegistryHost elsewhere(URI address) {
    return new RegistryHost(address, true, true, false, certificates, Map.of(), false);
  }

  /** Headers may hold secrets. */
  @Override
  public String toString() {
    return api.toString();
  }
}
