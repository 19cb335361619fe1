package dev.izolo.network.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.network.cni.CniException.BadConfiguration;
import dev.izolo.network.process.Quote;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads network configuration files. Every error names the file and the member that is wrong. */
public final class NetworkListParser {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,254}");
  private static final int MAX_PLUGINS = 64;

  private final String source;

  private NetworkListParser(String source) {
    this.source = source;
  }

  /** A {@code .conflist}: a name, a version, and a list of plugins. */
  public static NetworkList parseList(String source, byte[] json) throws BadConfiguration {
    NetworkListParser parser = new NetworkListParser(source);
    ObjectNode list = parser.object(json);
    String name = parser.name(list);
    CniVersion version = parser.version(list);
    JsonNode plugins = list.get("plugins");
    if (plugins == null || !plugins.isArray() || plugins.isEmpty()) {
      throw parser.bad("plugins", "must be a list of at least one plugin configuration");
    }
    if (plugins.size() > MAX_PLUGINS) {
      throw parser.bad("plugins", "has more than %d entries".formatted(MAX_PLUGINS));
    }
    List<NetworkList.Plugin> parsed = new ArrayList<>();
    for (int i = 0; i < plugins.size(); i++) {
      parsed.add(parser.plugin("plugins[%d]".formatted(i), plugins.get(i)));
    }
    return new NetworkList(source, name, version, parsed);
  }

  /** A {@code .conf} or {@code .json}: one plugin's configuration, taken as a list of one. */
  public static NetworkList parseSingle(String source, byte[] json) throws BadConfiguration {
    NetworkListParser parser = new NetworkListParser(source);
    ObjectNode plugin = parser.object(json);
    if (plugin.has("plugins")) {
      throw parser.bad("plugins", "belongs in a file whose name ends in .conflist");
    }
    return new NetworkList(
        source, parser.name(plugin), parser.version(plugin), List.of(parser.plugin("", plugin)));
  }

  private ObjectNode object(byte[] json) throws BadConfiguration {
    try {
      return Json.object(json);
    } catch (IOException e) {
      throw new BadConfiguration("CNI configuration %s: %s".formatted(source, e.getMessage()), e);
    }
  }

  private String name(ObjectNode list) throws BadConfiguration {
    String name = text(list, "name", "name");
    if (!NAME.matcher(name).matches()) {
      throw bad("name", "'%s' must start with a letter or digit and hold only those and '_', '.', '-'"
          .formatted(Quote.of(name)));
    }
    return name;
  }

  private CniVersion version(ObjectNode list) throws BadConfiguration {
    List<String> offered = new ArrayList<>();
    if (list.has("cniVersion")) {
      offered.add(text(list, "cniVersion", "cniVersion"));
    }
    JsonNode versions = list.get("cniVersions");
    if (versions != null) {
      if (!versions.isArray()) {
        throw bad("cniVersions", "must be a list of versions");
      }
      for (int i = 0; i < versions.size(); i++) {
        if (!versions.get(i).isTextual()) {
          throw bad("cniVersions[%d]".formatted(i), "must be text");
        }
        offered.add(versions.get(i).textValue());
      }
    }
    if (offered.isEmpty()) {
      throw bad("cniVersion", "is missing");
    }
    return CniVersion.newestOf(offered)
        .orElseThrow(() -> bad("cniVersion", "'%s' is not supported; Izolo speaks %s"
            .formatted(Quote.of(String.join(", ", offered)), CniVersion.supported())));
  }

  private NetworkList.Plugin plugin(String at, JsonNode node) throws BadConfiguration {
    if (!(node instanceof ObjectNode config)) {
      throw bad(at, "must be an object");
    }
    String prefix = at.isEmpty() ? "" : at + ".";
    String type = text(config, "type", prefix + "type");
    if (!NAME.matcher(type).matches()) {
      throw bad(prefix + "type", "'%s' is not the name of a program".formatted(Quote.of(type)));
    }
    Set<String> capabilities = new HashSet<>();
    JsonNode declared = config.get("capabilities");
    if (declared != null && !declared.isNull()) {
      if (!declared.isObject()) {
        throw bad(prefix + "capabilities", "must be an object");
      }
      for (var capability : declared.properties()) {
        if (!capability.getValue().isBoolean()) {
          throw bad(prefix + "capabilities." + Quote.of(capability.getKey()), "must be true or false");
        }
        if (capability.getValue().booleanValue()) {
          capabilities.add(capability.getKey());
        }
      }
    }
    return new NetworkList.Plugin(type, config, capabilities);
  }

  private String text(ObjectNode in, String member, String path) throws BadConfiguration {
    JsonNode value = in.get(member);
    if (value == null || value.isNull()) {
      throw bad(path, "is missing");
    }
    if (!value.isTextual() || value.textValue().isEmpty()) {
      throw bad(path, "must be text");
    }
    return value.textValue();
  }

  private BadConfiguration bad(String member, String why) {
    return new BadConfiguration("CNI configuration %s: %s %s".formatted(source, member, why));
  }
}
