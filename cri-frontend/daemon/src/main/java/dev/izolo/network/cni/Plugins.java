package dev.izolo.network.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.network.cni.CniException.BadConfiguration;
import dev.izolo.network.cni.CniException.PluginFailed;
import dev.izolo.network.process.CommandException;
import dev.izolo.network.process.HostCommand;
import dev.izolo.network.process.Quote;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Finds and runs single plugins (CNI specification, section 2: execution protocol). */
final class Plugins {
  private static final int MAX_OUTPUT_BYTES = 1 << 20;

  private final List<Path> directories;

  Plugins(List<Path> directories) {
    this.directories = List.copyOf(directories);
  }

  Path find(NetworkList list, NetworkList.Plugin plugin) throws BadConfiguration {
    for (Path directory : directories) {
      Path program = directory.resolve(plugin.type());
      if (Files.isRegularFile(program) && Files.isExecutable(program)) {
        return program;
      }
    }
    throw new BadConfiguration(
        "CNI plugin '%s' of network '%s' (%s) is not installed in %s"
            .formatted(plugin.type(), list.name(), list.source(), path(", ")));
  }

  /**
   * Runs one plugin.
   *
   * @return its standard output
   * @throws PluginFailed quoting the plugin's own error
   */
  byte[] run(
      NetworkList list, NetworkList.Plugin plugin, String command, Map<String, String> variables, ObjectNode stdin,
      Duration limit)
      throws CniException, InterruptedException {
    Map<String, String> environment = new LinkedHashMap<>(variables);
    environment.put("CNI_PATH", path(":"));
    HostCommand run =
        new HostCommand(List.of(find(list, plugin).toString()), environment, "CNI_", limit, MAX_OUTPUT_BYTES);
    String who = "CNI plugin '%s' of network '%s' failed %s".formatted(plugin.type(), list.name(), command);
    try {
      HostCommand.Outcome outcome = run.run(Json.bytes(stdin));
      if (outcome.succeeded()) {
        return outcome.stdout();
      }
      throw error(who, outcome);
    } catch (CommandException e) {
      throw new PluginFailed("%s: %s".formatted(who, e.getMessage()), 0, e);
    }
  }

  /** A plugin's error object is {@code {code, msg, details}} on standard output; some write plain text instead. */
  private static PluginFailed error(String who, HostCommand.Outcome outcome) {
    try {
      ObjectNode error = Json.object(outcome.stdout());
      JsonNode msg = error.get("msg");
      if (msg != null && msg.isTextual()) {
        int code = error.path("code").asInt(0);
        String details = Quote.of(error.path("details").asText(""));
        return new PluginFailed(
            "%s: %s (code %d)%s"
                .formatted(who, Quote.of(msg.textValue()), code, details.isEmpty() ? "" : ": " + details),
            code, null);
      }
    } catch (IOException notAnErrorObject) {
      // Falls through: its words are quoted as they are.
    }
    String words = Quote.of(outcome.stderr().length > 0 ? outcome.stderr() : outcome.stdout());
    return new PluginFailed(
        "%s: exit status %d without an error object%s"
            .formatted(who, outcome.exitCode(), words.isEmpty() ? "" : "; it said: " + words),
        0, null);
  }

  private String path(String separator) {
    return directories.stream().map(Path::toString).collect(Collectors.joining(separator));
  }
}
