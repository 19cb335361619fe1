package dev.izolo.image.registry;

import java.net.URI;
import java.util.Locale;
import java.util.Set;

/** What is known of hosts by their name alone; pure, asks no resolver. */
final class Hosts {
  private static final String HUB = "docker.io";
  private static final String HUB_API = "registry-1.docker.io";

  private Hosts() {}

  /** Host and port that serve a registry's API. */
  static String apiAuthority(String domain) {
    return domain.equals(HUB) ? HUB_API : domain;
  }

  static boolean isLoopback(String host) {
    String bare = host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    return bare.equalsIgnoreCase("localhost") || bare.equals("::1") || bare.matches("127(\\.\\d{1,3}){3}");
  }

  /** Whether an authority is a loopback one, or one of those configured, with its port or without. */
  static boolean mayBePlain(String authority, Set<String> plainHttpHosts) {
    String host = withoutPort(authority);
    return isLoopback(host) || plainHttpHosts.contains(authority) || plainHttpHosts.contains(host);
  }

  static String withoutPort(String authority) {
    int colon = authority.lastIndexOf(':');
    return colon > authority.lastIndexOf(']') ? authority.substring(0, colon) : authority;
  }

  /** Whether two addresses are one server: scheme, host and port. */
  static boolean sameOrigin(URI a, URI b) {
    return a.getScheme().equalsIgnoreCase(b.getScheme())
        && a.getHost().equalsIgnoreCase(b.getHost())
        && port(a) == port(b);
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0 ? uri.getPort() : uri.getScheme().toLowerCase(Locale.ROOT).equals("http") ? 80 : 443;
  }
}
