package dev.izolo.cli;

import dev.izolo.config.ConfigException;
import dev.izolo.config.ConfigReader;
import dev.izolo.config.IzoloConfig;
import dev.izolo.config.SocketAddresses;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of every command that has to do with a daemon. */
final class CommonOptions {
  @Option(names = "--config", paramLabel = "FILE",
      description = "Configuration file (default: /etc/izolo/config.toml if it is there).")
  private Path config;

  @Option(names = "--listen", paramLabel = "unix:///PATH", description = "The CRI socket, in place of the configured one.")
  private String listen;

  IzoloConfig load() throws ConfigException, CliException {
    IzoloConfig loaded = ConfigReader.load(Optional.ofNullable(config), System.getenv());
    try {
      return listen == null ? loaded : loaded.withListen(SocketAddresses.path(listen));
    } catch (IllegalArgumentException e) {
      throw new CliException(ExitCodes.FAILED, "--listen: " + e.getMessage(), e);
    }
  }

  /** The same options, for a daemon started with them. */
  List<String> asArguments() {
    List<String> arguments = new ArrayList<>();
    if (config != null) {
      arguments.addAll(List.of("--config", config.toAbsolutePath().toString()));
    }
    if (listen != null) {
      arguments.addAll(List.of("--listen", listen));
    }
    return arguments;
  }
}
