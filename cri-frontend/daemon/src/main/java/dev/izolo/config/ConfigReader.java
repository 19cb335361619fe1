package dev.izolo.config;

import dev.izolo.config.IzoloConfig.AcceleratorChoice;
import dev.izolo.config.IzoloConfig.CgroupDriverChoice;
import dev.izolo.config.IzoloConfig.Hypervisor;
import dev.izolo.config.IzoloConfig.Image;
import dev.izolo.config.IzoloConfig.Log;
import dev.izolo.config.IzoloConfig.LogLevel;
import dev.izolo.config.IzoloConfig.Network;
import dev.izolo.config.IzoloConfig.OciRuntime;
import dev.izolo.config.IzoloConfig.RuntimeHandler;
import dev.izolo.config.IzoloConfig.Pool;
import dev.izolo.config.IzoloConfig.Sandbox;
import dev.izolo.config.IzoloConfig.StartChoice;
import dev.izolo.config.IzoloConfig.Stats;
import dev.izolo.config.IzoloConfig.Template;
import dev.izolo.config.IzoloConfig.VsockChoice;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Reads the configuration file; holds every key's default and range. */
public final class ConfigReader {
  /** Read when {@code --config} names no other; may be absent. */
  public static final Path DEFAULT_FILE = Path.of("/etc/izolo/config.toml");

  private static final long MAX_FILE_BYTES = 1 << 20;
  private static final Pattern HANDLER_NAME = Pattern.compile("[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?");
  private static final Map<String, RuntimeHandler> DEFAULT_HANDLERS = Map.of(
      "izolo", handler(OciRuntime.RUNC),
      "izolo-crun", handler(OciRuntime.CRUN));

  private static final int POOL_MOST = 256;

  private ConfigReader() {}

  private static RuntimeHandler handler(OciRuntime runtime) {
    return new RuntimeHandler(runtime, Optional.empty(), Optional.empty(), StartChoice.POOL, Optional.empty());
  }

  /**
   * Reads a file that must exist, or, given none, the default file if there is one.
   *
   * @param environment of the process: IZOLO_STATE_DIR and IZOLO_RUN_DIR go before the file
   */
  public static IzoloConfig load(Optional<Path> named, Map<String, String> environment) throws ConfigException {
    Path file = named.orElse(DEFAULT_FILE);
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new ConfigException(file + ": larger than 1 MiB: this cannot be Izolo's configuration");
      }
      return parse(file.toString(), Files.readString(file), environment);
    } catch (NoSuchFileException e) {
      if (named.isEmpty()) {
        return parse("environment", "", environment);
      }
      throw new ConfigException(file + ": no such file; `izolo config` prints a sample to start from", e);
    } catch (CharacterCodingException e) {
      throw new ConfigException(file + ": not UTF-8 text", e);
    } catch (IOException e) {
      throw new ConfigException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Parses a configuration.
   *
   * @param file how errors call it
   */
  public static IzoloConfig parse(String file, String text, Map<String, String> environment) throws ConfigException {
    ConfigTable root = new ConfigSource(file, text).root();
    Path stateDir = directory(root, "state_dir", "/var/lib/izolo", environment.get("IZOLO_STATE_DIR"));
    Path runDir = directory(root, "run_dir", "/run/izolo", environment.get("IZOLO_RUN_DIR"));
    Path listen = listen(root, runDir);
    CgroupDriverChoice driver = root.choice("cgroup_driver", CgroupDriverChoice.AUTO);
    Duration grace =
        root.duration("shutdown_grace", Duration.ofSeconds(10), Duration.ofMillis(100), Duration.ofMinutes(10));
    Map<String, RuntimeHandler> handlers = handlers(root);
    String defaultHandler = root.string("default_runtime_handler", "izolo");
    if (!handlers.containsKey(defaultHandler)) {
      throw root.error("default_runtime_handler",
          "is \"" + defaultHandler + "\", but the handlers are " + String.join(", ", handlers.keySet()));
    }
    IzoloConfig config = new IzoloConfig(stateDir, runDir, listen, driver, grace, defaultHandler, hypervisor(root),
        sandbox(root), handlers, template(root), pool(root), image(root), network(root), stats(root),
        log(root));
    root.end();
    return config;
  }

  private static Path directory(ConfigTable root, String key, String absent, String override) throws ConfigException {
    Path configured = root.path(key, Path.of(absent));
    if (override == null || override.isEmpty()) {
      return configured;
    }
    if (!override.startsWith("/")) {
      throw new ConfigException("environment: IZOLO_" + key.toUpperCase(Locale.ROOT) + " is \"" + override
          + "\", but must be an absolute path");
    }
    return Path.of(override).normalize();
  }

  private static Path listen(ConfigTable root, Path runDir) throws ConfigException {
    try {
      return SocketAddresses.path(root.string("listen", "unix://" + runDir.resolve("izolo.sock")));
    } catch (IllegalArgumentException e) {
      throw root.error("listen", "is wrong: " + e.getMessage());
    }
  }

  private static Hypervisor hypervisor(ConfigTable root) throws ConfigException {
    ConfigTable table = root.table("hypervisor");
    Hypervisor hypervisor = new Hypervisor(
        table.choice("accelerator", AcceleratorChoice.AUTO),
        table.pathOrEmpty("qemu"),
        table.pathOrEmpty("kernel"),
        table.pathOrEmpty("rootfs"),
        table.choice("vsock", VsockChoice.AUTO),
        table.pathOrEmpty("vsock_backend"),
        (int) table.integer("uid_min", 700_000, 1_000, Integer.MAX_VALUE - 1),
        (int) table.integer("uid_max", 765_535, 1_000, Integer.MAX_VALUE - 1));
    if (hypervisor.uidMin() > hypervisor.uidMax()) {
      throw table.error("uid_min", "is greater than uid_max");
    }
    table.end();
    return hypervisor;
  }

  private static Sandbox sandbox(ConfigTable root) throws ConfigException {
    ConfigTable table = root.table("sandbox");
    Sandbox sandbox = new Sandbox(
        vcpus(table, 1, 1),
        memory(table, ByteSize.ofMib(256), ByteSize.ofMib(128)),
        table.duration("boot_timeout", Duration.ofMinutes(2), Duration.ofSeconds(1), Duration.ofHours(1)),
        table.size("scratch_size", ByteSize.ofGib(10), ByteSize.ofMib(16), ByteSize.ofGib(16 * 1024)));
    table.end();
    return sandbox;
  }

  private static Map<String, RuntimeHandler> handlers(ConfigTable root) throws ConfigException {
    ConfigTable all = root.table("runtime_handlers");
    Map<String, RuntimeHandler> handlers = new TreeMap<>(DEFAULT_HANDLERS);
    for (String name : all.keys()) {
      if (!HANDLER_NAME.matcher(name).matches()) {
        throw all.error(name, "is no name for a runtime handler: lower-case letters, digits, '-' and '.'");
      }
      ConfigTable table = all.table(name);
      OciRuntime runtime = table.choice("oci_runtime", OciRuntime.RUNC);
      int vcpus = vcpus(table, 0, 0);
      ByteSize memory = memory(table, new ByteSize(0), new ByteSize(0));
      if (memory.bytes() != 0 && memory.compareTo(ByteSize.ofMib(128)) < 0) {
        throw table.error("memory", "is " + memory + ", but must be at least 128Mi, or 0 for the [sandbox] table's");
      }
      StartChoice start = table.choice("start", StartChoice.POOL);
      int poolSize = (int) table.integer("pool_size", -1, -1, POOL_MOST);
      table.end();
      handlers.put(name, new RuntimeHandler(runtime, Optional.of(vcpus).filter(count -> count > 0),
          Optional.of(memory).filter(size -> size.bytes() > 0), start, Optional.of(poolSize).filter(size -> size >= 0)));
    }
    return Collections.unmodifiableMap(handlers);
  }

  private static Template template(ConfigTable root) throws ConfigException {
    ConfigTable table = root.table("template");
    Template template = new Template(table.flag("enabled", true), table.flag("share_memory", true));
    table.end();
    return template;
  }

  private static Pool pool(ConfigTable root) throws ConfigException {
    ConfigTable table = root.table("pool");
    Pool pool = new Pool(
        (int) table.integer("size", 1, 0, POOL_MOST),
        table.size("max_memory", ByteSize.ofGib(2), new ByteSize(0), ByteSize.ofGib(4096)));
    table.end();
    return pool;
  }

  private static Image image(ConfigTable root) throws ConfigException {
    ConfigTable table = root.table("image");
    Image image = new Image(
        table.strings("plain_http_hosts", List.of()),
        table.path("hosts_dir", Path.of("/etc/izolo/hosts.d")),
        (int) table.integer("max_concurrent_downloads", 3, 1, 64),
        table.size("max_layer_size", ByteSize.ofGib(64), ByteSize.ofMib(1), ByteSize.ofGib(16 * 1024)),
        (int) table.integer("max_layer_entries", 1_000_000, 1, 100_000_000),
        table.size("min_free_space", ByteSize.ofMib(256), new ByteSize(0), ByteSize.ofGib(16 * 1024)),
        table.duration("registry_timeout", Duration.ofSeconds(30), Duration.ofSeconds(1), Duration.ofHours(1)),
        (int) table.integer("registry_attempts", 5, 1, 20));
    table.end();
    return image;
  }

  private static Network network(ConfigTable root) throws ConfigException {
    ConfigTable table = root.table("network");
    Network network = new Network(
        table.path("cni_conf_dir", Path.of("/etc/cni/net.d")),
        table.paths("cni_bin_dirs", List.of(Path.of("/opt/cni/bin"), Path.of("/usr/lib/cni"))),
        table.duration("plugin_timeout", Duration.ofSeconds(30), Duration.ofSeconds(1), Duration.ofMinutes(10)));
    table.end();
    return network;
  }

  private static Stats stats(ConfigTable root) throws ConfigException {
    ConfigTable table = root.table("stats");
    Stats stats =
        new Stats(table.duration("max_age", Duration.ofMillis(900), Duration.ZERO, Duration.ofMinutes(10)));
    table.end();
    return stats;
  }

  private static Log log(ConfigTable root) throws ConfigException {
    ConfigTable table = root.table("log");
    Log log = new Log(table.choice("level", LogLevel.INFO));
    table.end();
    return log;
  }

  private static int vcpus(ConfigTable table, int absent, int least) throws ConfigException {
    return (int) table.integer("vcpus", absent, least, 255);
  }

  private static ByteSize memory(ConfigTable table, ByteSize absent, ByteSize least) throws ConfigException {
    return table.size("memory", absent, least, ByteSize.ofGib(4096));
  }
}
