package dev.izolo.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * One table of the configuration file while it is read. Each getter gives a key's value or its default, and remembers
 * that the key exists; {@link #end()} then refuses what nobody asked for.
 */
final class ConfigTable {
  private final ConfigSource source;
  private final String name;
  private final ObjectNode node;
  private final Set<String> known = new TreeSet<>();

  ConfigTable(ConfigSource source, String name, ObjectNode node) {
    this.source = source;
    this.name = name;
    this.node = node;
  }

  String string(String key, String absent) throws ConfigException {
    JsonNode value = take(key);
    if (value == null) {
      return absent;
    }
    if (!value.isTextual()) {
      throw error(key, "must be a string in quotes");
    }
    return value.textValue();
  }

  /** An absolute path. */
  Path path(String key, Path absent) throws ConfigException {
    return parsed(key, absent, ConfigTable::absolute);
  }

  /** An absolute path, or empty for the default that the key's documentation tells. */
  String pathOrEmpty(String key) throws ConfigException {
    return parsed(key, "", text -> text.isEmpty() ? "" : absolute(text).toString());
  }

  List<Path> paths(String key, List<Path> absent) throws ConfigException {
    return list(key, absent, ConfigTable::absolute);
  }

  List<String> strings(String key, List<String> absent) throws ConfigException {
    return list(key, absent, text -> text);
  }

  boolean flag(String key, boolean absent) throws ConfigException {
    JsonNode value = take(key);
    if (value == null) {
      return absent;
    }
    if (!value.isBoolean()) {
      throw error(key, "must be true or false, without quotes");
    }
    return value.booleanValue();
  }

  long integer(String key, long absent, long least, long most) throws ConfigException {
    JsonNode value = take(key);
    if (value == null) {
      return absent;
    }
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw error(key, "must be a whole number from " + least + " to " + most + ", without quotes");
    }
    if (value.longValue() < least || value.longValue() > most) {
      throw error(key, "is " + value.longValue() + ", but must be from " + least + " to " + most);
    }
    return value.longValue();
  }

  Duration duration(String key, Duration absent, Duration least, Duration most) throws ConfigException {
    Duration value = parsed(key, absent, Durations::parse);
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw error(key, "is " + Durations.format(value) + ", but must be from " + Durations.format(least) + " to "
          + Durations.format(most));
    }
    return value;
  }

  ByteSize size(String key, ByteSize absent, ByteSize least, ByteSize most) throws ConfigException {
    ByteSize value = parsed(key, absent, ByteSize::parse);
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw error(key, "is " + value + ", but must be from " + least + " to " + most);
    }
    return value;
  }

  /** One of an enum's constants, written in lower case with hyphens. */
  <E extends Enum<E>> E choice(String key, E absent) throws ConfigException {
    E[] constants = absent.getDeclaringClass().getEnumConstants();
    String text = string(key, written(absent));
    for (E constant : constants) {
      if (written(constant).equals(text)) {
        return constant;
      }
    }
    throw error(key, "is \"" + text + "\", but must be one of "
        + Arrays.stream(constants).map(constant -> "\"" + written(constant) + "\"").collect(Collectors.joining(", ")));
  }

  /** A table within this one; empty if absent. */
  ConfigTable table(String key) throws ConfigException {
    JsonNode value = take(key);
    if (value != null && !value.isObject()) {
      throw error(key, "must be a table: write [" + qualified(key) + "]");
    }
    return new ConfigTable(source, qualified(key), value == null ? source.emptyTable() : (ObjectNode) value);
  }

  /** The keys that the file has here, for tables whose keys are names that the reader chooses. */
  List<String> keys() {
    List<String> keys = new ArrayList<>();
    node.fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  /** Refuses what no getter asked for. */
  void end() throws ConfigException {
    for (String key : keys()) {
      if (!known.contains(key)) {
        String nearest = NearestWord.find(key, known).map(word -> "did you mean \"" + word + "\"?")
            .orElse("known here: " + String.join(", ", known));
        throw error(key, "is not a key that Izolo knows; " + nearest);
      }
    }
  }

  ConfigException error(String key, String problem) {
    return source.error(name, key, "\"" + qualified(key) + "\" " + problem);
  }

  private <T> T parsed(String key, T absent, Function<String, T> parser) throws ConfigException {
    if (!node.has(key)) {
      known.add(key);
      return absent;
    }
    String text = string(key, "");
    try {
      return parser.apply(text);
    } catch (IllegalArgumentException e) {
      throw error(key, "is wrong: " + e.getMessage());
    }
  }

  private <T> List<T> list(String key, List<T> absent, Function<String, T> parser) throws ConfigException {
    JsonNode value = take(key);
    if (value == null) {
      return absent;
    }
    if (!value.isArray()) {
      throw error(key, "must be a list of strings: [\"...\", \"...\"]");
    }
    List<T> items = new ArrayList<>();
    for (JsonNode item : value) {
      if (!item.isTextual()) {
        throw error(key, "must hold strings in quotes only");
      }
      try {
        items.add(parser.apply(item.textValue()));
      } catch (IllegalArgumentException e) {
        throw error(key, "is wrong: " + e.getMessage());
      }
    }
    return List.copyOf(items);
  }

  private JsonNode take(String key) {
    known.add(key);
    return node.get(key);
  }

  private String qualified(String key) {
    return name.isEmpty() ? key : name + "." + key;
  }

  private static Path absolute(String text) {
    if (text.isEmpty() || text.charAt(0) != '/' || text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("\"" + text + "\" is not an absolute path");
    }
    return Path.of(text).normalize();
  }

  private static String written(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
