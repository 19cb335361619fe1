package dev.izolo.network.cni;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.network.cni.CniException.BadConfiguration;
import dev.izolo.network.cni.CniException.PluginFailed;
import dev.izolo.network.process.Quote;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs whole networks: ADD down the list of plugins, DEL up it, STATUS (CNI specification, sections 3 and 4). */
public final class CniRuntime {
  /** STATUS is asked at every CRI Status, whose callers do not wait long. */
  private static final Duration STATUS_LIMIT = Duration.ofSeconds(5);

  private final Plugins plugins;
  private final Duration pluginLimit;

  /**
   * @param directories where plugins are looked for, in this order
   * @param pluginLimit how long one plugin may take before it is killed with all that it started
   */
  public CniRuntime(List<Path> directories, Duration pluginLimit) {
    this.plugins = new Plugins(directories);
    this.pluginLimit = pluginLimit;
  }

  /** That every plugin of the list is installed. */
  public void requirePlugins(NetworkList list) throws BadConfiguration {
    for (NetworkList.Plugin plugin : list.plugins()) {
      plugins.find(list, plugin);
    }
  }

  /**
   * Runs ADD for every plugin in order, each given the result of the one before. A failure is the caller's to undo
   * with {@link #delete}, without a result.
   *
   * @return the last plugin's result
   */
  public CniResult add(NetworkList list, CniCall call) throws CniException, InterruptedException {
    requirePlugins(list);
    CniResult result = null;
    for (NetworkList.Plugin plugin : list.plugins()) {
      Optional<ObjectNode> previous = Optional.ofNullable(result).map(CniResult::raw);
      byte[] answer =
          plugins.run(
              list, plugin, "ADD", call.environment("ADD"), stdin(list, plugin, call.capabilityArgs(), previous),
              pluginLimit);
      try {
        result = CniResultParser.parse(answer);
      } catch (IOException e) {
        String said = Quote.of(answer);
        throw new PluginFailed(
            "CNI plugin '%s' of network '%s' answered ADD with a result that cannot be used: %s%s"
                .formatted(
                    plugin.type(), list.name(), e.getMessage(),
                    said.isEmpty() ? " (it wrote nothing)" : "; it wrote: " + said),
            0, e);
      }
    }
    return result;
  }

  /**
   * Runs DEL for every plugin, last first, and stops at the first that fails.
   *
   * @param result what ADD left, if it succeeded
   */
  public void delete(NetworkList list, CniCall call, Optional<ObjectNode> result)
      throws CniException, InterruptedException {
    Optional<ObjectNode> previous = list.version().deleteTakesResult() ? result : Optional.empty();
    for (NetworkList.Plugin plugin : list.plugins().reversed()) {
      plugins.run(
          list, plugin, "DEL", call.environment("DEL"), stdin(list, plugin, call.capabilityArgs(), previous),
          pluginLimit);
    }
  }

  /** Asks every plugin whether it could serve an ADD now; nothing is asked before version 1.1.0, which has no STATUS. */
  public void status(NetworkList list) throws CniException, InterruptedException {
    requirePlugins(list);
    if (!list.version().hasStatus()) {
      return;
    }
    for (NetworkList.Plugin plugin : list.plugins()) {
      plugins.run(
          list, plugin, "STATUS", Map.of("CNI_COMMAND", "STATUS"),
          stdin(list, plugin, Json.MAPPER.createObjectNode(), Optional.empty()), STATUS_LIMIT);
    }
  }

  /** The plugin's own configuration, completed as section 3 of the specification says. */
  private static ObjectNode stdin(
      NetworkList list, NetworkList.Plugin plugin, ObjectNode capabilityArgs, Optional<ObjectNode> previous) {
    ObjectNode config = plugin.config().deepCopy();
    config.put("cniVersion", list.version().text());
    config.put("name", list.name());
    config.remove("capabilities");
    ObjectNode runtimeConfig = Json.MAPPER.createObjectNode();
    for (var arg : capabilityArgs.properties()) {
      if (plugin.capabilities().contains(arg.getKey())) {
        runtimeConfig.set(arg.getKey(), arg.getValue());
      }
    }
    if (!runtimeConfig.isEmpty()) {
      config.set("runtimeConfig", runtimeConfig);
    }
    previous.ifPresent(result -> config.set("prevResult", result));
    return config;
  }
}
