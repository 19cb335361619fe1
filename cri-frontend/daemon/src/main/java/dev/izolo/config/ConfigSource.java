package dev.izolo.config;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The text of a configuration file: parses it, and finds the line that an error is about. */
final class ConfigSource {
  private static final Pattern HEADER = Pattern.compile("\\s*\\[([^\\[\\]]+)]\\s*(#.*)?");

  private final String file;
  private final String text;
  private final TomlMapper mapper = new TomlMapper();

  ConfigSource(String file, String text) {
    this.file = file;
    this.text = text;
  }

  ConfigTable root() throws ConfigException {
    try {
      JsonNode tree = text.isBlank() ? emptyTable() : mapper.readTree(text);
      return new ConfigTable(this, "", (ObjectNode) tree);
    } catch (JacksonException e) {
      String line = e.getLocation() == null ? "" : ":" + e.getLocation().getLineNr();
      throw new ConfigException(file + line + ": not valid TOML: " + e.getOriginalMessage(), e);
    }
  }

  ObjectNode emptyTable() {
    return mapper.createObjectNode();
  }

  ConfigException error(String table, String key, String problem) {
    int line = lineOf(table, key);
    return new ConfigException(file + (line > 0 ? ":" + line : "") + ": " + problem);
  }

  /**
   * The line, counted from 1, on which a key is set; 0 if it is not written plainly (a dotted key, an inline table).
   * The parser's tree keeps no positions, and a message with the line is worth this second look.
   */
  private int lineOf(String table, String key) {
    String path = table.isEmpty() ? key : table + "." + key;
    Pattern setting = Pattern.compile("\\s*\"?" + Pattern.quote(key) + "\"?\\s*=.*");
    String current = "";
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      Matcher header = HEADER.matcher(line);
      if (header.matches()) {
        current = header.group(1).replace("\"", "").replaceAll("\\s", "");
        if (current.equals(path) || current.startsWith(path + ".")) {
          return number;
        }
      } else if (current.equals(table) && setting.matcher(line).matches()) {
        return number;
      }
    }
    return 0;
  }
}
