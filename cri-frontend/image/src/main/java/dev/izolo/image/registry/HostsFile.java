package dev.izolo.image.registry;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import dev.izolo.image.ImageException;
import dev.izolo.image.Printable;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads {@code hosts.toml} (containerd, docs/hosts.md): the servers to ask for a registry's images, mirrors in the
 * order written, the registry itself last. An unknown key is an error, so that a misspelt one does no silent harm.
 */
final class HostsFile {
  private static final Set<String> HOST_KEYS =
      Set.of("capabilities", "skip_verify", "ca", "override_path", "header");

  private static final Set<String> CAPABILITIES = Set.of("pull", "resolve", "push");
  private static final int MAX_BYTES = 1 << 20;

  private final Path file;
  private final String domain;
  private final Set<String> plainHttpHosts;

  private HostsFile(Path file, String domain, Set<String> plainHttpHosts) {
    this.file = file;
    this.domain = domain;
    this.plainHttpHosts = plainHttpHosts;
  }

  /** Servers for a registry, by the settings; without a file for it, the registry alone. */
  static List<RegistryHost> hostsFor(String domain, RegistrySettings settings) throws ImageException {
    if (settings.hostsDirectory().isPresent()) {
      for (String name : directoryNames(domain)) {
        Path file = settings.hostsDirectory().get().resolve(name).resolve("hosts.toml");
        if (Files.isRegularFile(file)) {
          return new HostsFile(file, domain, settings.plainHttpHosts()).read();
        }
      }
    }
    return List.of(new RegistryHost(defaultApi(domain, settings.plainHttpHosts()), true, true, false, List.of(), Map.of(), true));
  }

  private static List<String> directoryNames(String domain) {
    String host = Hosts.withoutPort(domain);
    List<String> names = new ArrayList<>();
    names.add(domain);
    if (!host.equals(domain)) {
      names.add(host + "_" + domain.substring(host.length() + 1) + "_");
      names.add(host);
    }
    names.add("_default");
    return names;
  }

  static URI defaultApi(String domain, Set<String> plainHttpHosts) {
    String authority = Hosts.apiAuthority(domain);
    return URI.create((Hosts.mayBePlain(authority, plainHttpHosts) ? "http" : "https") + "://" + authority + "/v2");
  }

  private List<RegistryHost> read() throws ImageException {
    JsonNode root;
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw bad("it is larger than 1 MiB");
      }
      root = new TomlMapper().readTree(Files.readString(file, StandardCharsets.UTF_8));
    } catch (JacksonException e) {
      throw bad(e.getOriginalMessage());
    } catch (IOException e) {
      throw bad("it cannot be read: " + e.getMessage());
    }
    List<RegistryHost> hosts = new ArrayList<>();
    for (var property : root.properties()) {
      String key = property.getKey();
      if (!key.equals("server") && !key.equals("host") && !HOST_KEYS.contains(key)) {
        throw bad("unknown key " + Printable.of(key));
      }
    }
    for (var mirror : table(root, "host").properties()) {
      for (var property : mirror.getValue().properties()) {
        if (!HOST_KEYS.contains(property.getKey())) {
          throw bad("unknown key " + Printable.of(property.getKey()) + " of host " + Printable.of(mirror.getKey()));
        }
      }
      hosts.add(host(mirror.getKey(), mirror.getValue(), false));
    }
    hosts.add(origin(root));
    return List.copyOf(hosts);
  }

  private RegistryHost origin(JsonNode root) throws ImageException {
    String server = root.path("server").asText("");
    return server.isEmpty()
        ? host(defaultApi(domain, plainHttpHosts).toString().replaceFirst("/v2$", ""), root, true)
        : host(server, root, true);
  }

  private RegistryHost host(String address, JsonNode table, boolean isOrigin) throws ImageException {
    List<String> capabilities = strings(table, "capabilities");
    for (String capability : capabilities) {
      if (!CAPABILITIES.contains(capability)) {
        throw bad("unknown capability " + Printable.of(capability));
      }
    }
    boolean all = !table.has("capabilities");
    List<Path> certificates = new ArrayList<>();
    for (String certificate : strings(table, "ca")) {
      certificates.add(file.resolveSibling(certificate));
    }
    return new RegistryHost(
        api(address, flag(table, "override_path")),
        all || capabilities.contains("pull"),
        all || capabilities.contains("resolve"),
        flag(table, "skip_verify"),
        List.copyOf(certificates),
        headers(table),
        isOrigin);
  }

  /** An address without a scheme is HTTPS, a loopback or so configured one plain HTTP. */
  private URI api(String address, boolean overridePath) throws ImageException {
    String text = address.indexOf("://") >= 0 ? address : scheme(address) + "://" + address;
    URI uri;
    try {
      uri = new URI(text);
    } catch (URISyntaxException e) {
      throw bad("not an address of a registry: " + Printable.of(address));
    }
    boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
    if (!http || uri.getHost() == null || uri.getRawUserInfo() != null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
      throw bad("not an address of a registry: " + Printable.of(address));
    }
    String path = uri.getRawPath().replaceFirst("/+$", "");
    String apiPath = overridePath || path.endsWith("/v2") ? path : path + "/v2";
    return URI.create(uri.getScheme() + "://" + uri.getRawAuthority() + apiPath);
  }

  private String scheme(String address) {
    String authority = address.indexOf('/') < 0 ? address : address.substring(0, address.indexOf('/'));
    return Hosts.mayBePlain(authority, plainHttpHosts) ? "http" : "https";
  }

  private Map<String, List<String>> headers(JsonNode table) throws ImageException {
    Map<String, List<String>> headers = new LinkedHashMap<>();
    JsonNode header = table(table, "header");
    for (var property : header.properties()) {
      headers.put(property.getKey(), strings(header, property.getKey()));
    }
    return headers;
  }

  private boolean flag(JsonNode table, String key) throws ImageException {
    JsonNode value = table.path(key);
    if (!value.isMissingNode() && !value.isBoolean()) {
      throw bad(key + " must be true or false");
    }
    return value.asBoolean(false);
  }

  private JsonNode table(JsonNode parent, String key) throws ImageException {
    JsonNode value = parent.path(key);
    if (!value.isMissingNode() && !value.isObject()) {
      throw bad(key + " must be a table");
    }
    return value;
  }

  /** A string, or a list of strings. */
  private List<String> strings(JsonNode table, String key) throws ImageException {
    JsonNode value = table.path(key);
    List<String> found = new ArrayList<>();
    for (JsonNode item : value.isArray() ? value : value.isMissingNode() ? List.<JsonNode>of() : List.of(value)) {
      if (!item.isTextual()) {
        throw bad(key + " must be a string or a list of strings");
      }
      found.add(item.textValue());
    }
    return found;
  }

  private ImageException bad(String why) {
    return new ImageException.StoreFailed("bad registry configuration " + file + ": " + why, null);
  }
}
