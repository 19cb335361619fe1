package dev.izolo.network.cni;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;

/**
 * A network: the plugins that make it, in the order in which ADD runs them (CNI specification, section 1).
 *
 * @param source where it was read from, for messages
 * @param version the newest of the list's versions that Izolo speaks
 */
public record NetworkList(String source, String name, CniVersion version, List<Plugin> plugins) {
  public NetworkList {
    plugins = List.copyOf(plugins);
  }

  /**
   * @param type the program's name
   * @param config the plugin's configuration as written, to be given to it with name and version of the list
   * @param capabilities that the configuration declares as true
   */
  public record Plugin(String type, ObjectNode config, Set<String> capabilities) {
    public Plugin {
      capabilities = Set.copyOf(capabilities);
    }
  }

  /** Whether any plugin of the list takes the capability's argument. */
  public boolean has(String capability) {
    return plugins.stream().anyMatch(plugin -> plugin.capabilities().contains(capability));
  }

  /** The list in its file format, for the record of an attachment: what ADD used, DEL must use. */
  public ObjectNode toJson() {
    ObjectNode list = Json.MAPPER.createObjectNode();
    list.put("cniVersion", version.text());
    list.put("name", name);
    ArrayNode array = list.putArray("plugins");
    plugins.forEach(plugin -> array.add(plugin.config().deepCopy()));
    return list;
  }
}
