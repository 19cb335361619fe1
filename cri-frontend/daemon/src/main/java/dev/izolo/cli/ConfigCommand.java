package dev.izolo.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Prints the commented sample configuration. */
@Command(name = "config", description = "Print a sample configuration: every key, its meaning and its default.")
final class ConfigCommand implements Callable<Integer> {
  @Override
  public Integer call() throws IOException {
    try (var sample = ConfigCommand.class.getResourceAsStream("/config.sample.toml")) {
      sample.transferTo(System.out);
    }
    System.out.flush();
    return ExitCodes.OK;
  }
}
