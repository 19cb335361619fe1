package dev.izolo.cli;

import dev.izolo.config.ByteSize;
import dev.izolo.config.Artefacts;
import dev.izolo.config.IzoloConfig;
import io.grpc.StatusRuntimeException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs one container in a pod, and so a VM, of its own, and ends as it ends. */
@Command(
    name = "run",
    description = "Run a container in its own microVM; start the daemon if none is serving.",
    footer = {
      "",
      "Ends with the container's exit code; 125 when Izolo itself fails, 126 when the command cannot be executed, "
          + "127 when the image has no such command.",
    })
final class RunCommand implements Callable<Integer> {
  private static final BigDecimal MAX_CPUS = BigDecimal.valueOf(255);

  @Mixin
  private CommonOptions common = new CommonOptions();

  @Option(names = "--rm", description = "Remove the pod when the container has ended.")
  private boolean remove;

  @Option(names = {"-e", "--env"}, paramLabel = "K=V", description = "Set an environment variable.")
  private List<String> env = new ArrayList<>();

  @Option(names = "--cpus", paramLabel = "N", description = "CPUs that it may use; fractions are fine.")
  private BigDecimal cpus;

  @Option(names = "--memory", paramLabel = "SIZE", description = "Memory that it may use, for example 256Mi.")
  private String memory;

  @Option(names = "--runtime-handler", paramLabel = "NAME", description = "Runtime handler, as in the configuration.")
  private String runtimeHandler = "";

  @Option(names = "--timeline", description = "At the end, print where the time went to standard error.")
  private boolean timeline;

  @Parameters(index = "0", paramLabel = "IMAGE")
  private String image;

  @Parameters(index = "1..*", paramLabel = "CMD", description = "Replaces the image's command.")
  private List<String> command = new ArrayList<>();

  @Override
  public Integer call() throws Exception {
    Logs.configureForCommands();
    RunOptions options = new RunOptions(
        image, command, variables(), cpuQuota(), memoryBytes(), runtimeHandler, remove);
    IzoloConfig config = common.load();
    ClientTimeline times = new ClientTimeline();
    boolean started = times.time("daemon", () -> new DaemonStarter(config, common.asArguments()).ensureServing());
    if (!started) {
      times.forget("daemon");
    }
    try (var client = new CriClient(config.listen());
        var session = new RunSession(client, options, config.stateDir().resolve("run-logs"), times)) {
      if (!started) {
        OtherVersion.warning(client, Artefacts.fromSystemProperties().version()).ifPresent(System.err::println);
      }
      // Ctrl-C runs shutdown hooks while the main thread goes on: the hook undoes what the session did and lets go.
      Thread undo = Thread.ofPlatform().unstarted(session::cancel);
      Runtime.getRuntime().addShutdownHook(undo);
      int code = session.run(System.out, System.err);
      if (timeline) {
        times.print(System.err);
      }
      return code;
    } catch (StatusRuntimeException e) {
      throw new CliException(ExitCodes.RUNTIME_FAILED, CriClient.message(e), e);
    }
  }

  private List<RunOptions.Variable> variables() throws CliException {
    List<RunOptions.Variable> variables = new ArrayList<>();
    for (String setting : env) {
      int equals = setting.indexOf('=');
      if (equals == 0) {
        throw usage("-e: \"" + setting + "\" has no name before the =");
      }
      String name = equals < 0 ? setting : setting.substring(0, equals);
      String value = equals < 0 ? System.getenv(name) : setting.substring(equals + 1);
      // As with docker: a name alone passes this process's own variable on, if it has one.
      if (value != null) {
        variables.add(new RunOptions.Variable(name, value));
      }
    }
    return variables;
  }

  private long cpuQuota() throws CliException {
    if (cpus == null) {
      return 0;
    }
    if (cpus.signum() <= 0 || cpus.compareTo(MAX_CPUS) > 0) {
      throw usage("--cpus: " + cpus + " is not between 0 and " + MAX_CPUS);
    }
    return Math.max(1000, cpus.multiply(BigDecimal.valueOf(RunOptions.CPU_PERIOD_MICROS)).longValue());
  }

  private long memoryBytes() throws CliException {
    if (memory == null) {
      return 0;
    }
    try {
      // docker's users leave the i out.
      String size = memory.matches("[0-9]+[kmgKMG]") ? memory.toUpperCase(Locale.ROOT) + "i" : memory;
      return ByteSize.parse(size).bytes();
    } catch (IllegalArgumentException e) {
      throw usage("--memory: " + e.getMessage());
    }
  }

  private static CliException usage(String message) {
    return new CliException(ExitCodes.RUNTIME_FAILED, message, null);
  }
}
