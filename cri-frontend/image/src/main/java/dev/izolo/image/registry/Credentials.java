package dev.izolo.image.registry;

import dev.izolo.image.ImageException;
import dev.izolo.image.RegistryAuth;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/**
 * What proves who pulls. Its text form shows nothing.
 *
 * @param basic {@code user:password} in base 64, or empty
 * @param identityToken to be changed for an access token, or empty
 * @param registryToken an access token as it is, or empty
 */
record Credentials(String basic, String identityToken, String registryToken) {
  static final Credentials NONE = new Credentials("", "", "");

  /** Credentials of a pull for a server: those given if they are for it, else none. */
  static Credentials of(RegistryAuth auth, String domain, RegistryHost host) throws ImageException {
    String meant = auth.serverAddress().isEmpty() ? Hosts.apiAuthority(domain) : Hosts.apiAuthority(serverOf(auth.serverAddress()));
    boolean isMeant = host.authority().equalsIgnoreCase(meant)
        // A registry whose hosts.toml names another server for itself is still that registry.
        || (host.isOrigin() && Hosts.apiAuthority(domain).equalsIgnoreCase(meant));
    return isMeant ? of(auth) : NONE;
  }

  private static Credentials of(RegistryAuth auth) throws ImageException {
    String basic = "";
    if (!auth.username().isEmpty() || !auth.password().isEmpty()) {
      basic = Base64.getEncoder().encodeToString((auth.username() + ":" + auth.password()).getBytes(StandardCharsets.UTF_8));
    } else if (!auth.auth().isEmpty()) {
      basic = Base64.getEncoder().encodeToString(decoded(auth.auth()));
    }
    return new Credentials(basic, auth.identityToken(), auth.registryToken());
  }

  private static byte[] decoded(String auth) throws ImageException {
    byte[] pair;
    try {
      pair = Base64.getDecoder().decode(auth.strip());
    } catch (IllegalArgumentException e) {
      throw new ImageException.Unauthorized("the credentials' member auth is not base 64", null);
    }
    // Docker's client pads with NULs.
    int end = pair.length;
    while (end > 0 && pair[end - 1] == 0) {
      end--;
    }
    String text = new String(pair, 0, end, StandardCharsets.UTF_8);
    if (text.indexOf(':') < 0) {
      throw new ImageException.Unauthorized("the credentials' member auth is not user:password in base 64", null);
    }
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** {@code https://host/v1/}, as Docker's client writes it, or just the host. */
  private static String serverOf(String address) {
    String text = address.indexOf("://") >= 0 ? address : "https://" + address;
    String server;
    try {
      server = Optional.ofNullable(URI.create(text).getRawAuthority()).orElse("");
    } catch (IllegalArgumentException e) {
      return "";
    }
    return server.equals("index.docker.io") ? "docker.io" : server;
  }

  Optional<String> user() {
    return basic.isEmpty()
        ? Optional.empty()
        : Optional.of(new String(Base64.getDecoder().decode(basic), StandardCharsets.UTF_8).replaceFirst(":(?s).*", ""));
  }

  boolean isEmpty() {
    return basic.isEmpty() && identityToken.isEmpty() && registryToken.isEmpty();
  }

  @Override
  public String toString() {
    return "Credentials[...]";
  }
}
