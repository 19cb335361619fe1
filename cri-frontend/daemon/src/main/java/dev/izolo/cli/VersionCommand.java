package dev.izolo.cli;

import dev.izolo.config.Artefacts;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** Prints versions. */
@Command(name = "version", description = "Print versions.")
final class VersionCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    for (String line : new Lines().getVersion()) {
      System.out.println(line);
    }
    return ExitCodes.OK;
  }

  /** For {@code --version} as well. */
  static final class Lines implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {
        "izolo " + Artefacts.fromSystemProperties().version(),
        "CRI v1 (runtime.v1, as of cri-api 0.37)",
        "Java " + Runtime.version(),
      };
    }
  }
}
