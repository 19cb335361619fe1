package dev.izolo.e2e.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The config file of a daemon under test: everything private to a {@link Node}, the rest as shipped. Values are strings,
 * numbers or lists of strings; a null value leaves a key out. Nothing is made ahead of need, which would come and go
 * under the eyes of {@link LeakAudit}: tests of that switch it on.
 */
public final class DaemonConfig {
  private final Map<String, Map<String, Object>> tables = new LinkedHashMap<>();

  /** The config of a daemon whose files lie in {@code home}. */
  public static DaemonConfig in(Path home, Artefacts artefacts) {
    DaemonConfig config = new DaemonConfig();
    config.set("", "state_dir", home.resolve("s").toString());
    config.set("", "run_dir", home.resolve("r").toString());
    config.set("", "listen", "unix://" + socket(home));
    config.set("hypervisor", "accelerator", System.getProperty("izolo.test.accelerator", "auto"));
    config.set("hypervisor", "kernel", artefacts.kernel().toString());
    config.set("hypervisor", "rootfs", artefacts.rootfs().toString());
    config.set("hypervisor", "vsock_backend", artefacts.vsockBackend() == null ? null : artefacts.vsockBackend().toString());
    config.set("network", "cni_conf_dir", home.resolve("cni").toString());
    config.set("template", "enabled", false);
    config.set("pool", "size", 0);
    config.set("log", "level", System.getProperty("izolo.test.log", "debug"));
    return config;
  }

  static Path socket(Path home) {
    return home.resolve("izolo.sock");
  }

  /** Sets a key of a table ("" is the top); null removes it. */
  public DaemonConfig set(String table, String key, Object value) {
    var keys = tables.computeIfAbsent(table, name -> new LinkedHashMap<>());
    if (value == null) {
      keys.remove(key);
    } else {
      keys.put(key, value);
    }
    return this;
  }

  String get(String table, String key) {
    return String.valueOf(tables.get(table).get(key));
  }

  /** Writes it as TOML. */
  public Path write(Path file) throws IOException {
    StringBuilder toml = new StringBuilder();
    tables.forEach((table, keys) -> {
      toml.append(table.isEmpty() ? "" : "\n[" + table + "]\n");
      keys.forEach((key, value) -> toml.append(key).append(" = ").append(literal(value)).append('\n'));
    });
    return Files.writeString(file, toml);
  }

  private static String literal(Object value) {
    return switch (value) {
      case List<?> list -> list.stream().map(DaemonConfig::literal).collect(Collectors.joining(", ", "[", "]"));
      case Number number -> number.toString();
      case Boolean flag -> flag.toString();
      default -> '"' + value.toString().replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    };
  }
}
