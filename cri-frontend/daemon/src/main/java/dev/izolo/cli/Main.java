package dev.izolo.cli;

import dev.izolo.config.ConfigException;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code izolo} command. */
@Command(
    name = "izolo",
    description = "A Kubernetes container runtime that gives every pod its own microVM.",
    subcommands = {
      RunCommand.class,
      ServeCommand.class,
      CheckCommand.class,
      ConfigCommand.class,
      VersionCommand.class,
      AotTrainCommand.class,
    },
    mixinStandardHelpOptions = true,
    scope = CommandLine.ScopeType.INHERIT,
    versionProvider = VersionCommand.Lines.class,
    synopsisSubcommandLabel = "COMMAND")
public final class Main implements Runnable {
  private Main() {}

  public static void main(String[] arguments) {
    System.exit(execute(arguments));
  }

  static int execute(String... arguments) {
    CommandLine command = new CommandLine(new Main())
        .setExecutionExceptionHandler((error, failed, parsed) -> report(error, failed));
    // What follows the image is the container's command, whatever it looks like.
    command.getSubcommands().get("run").setStopAtPositional(true);
    return command.execute(arguments);
  }

  @Override
  public void run() {
    new CommandLine(this).usage(System.out);
  }

  /** One sentence, no stack trace: that is for faults, which say so. */
  private static int report(Exception error, CommandLine command) {
    boolean run = command.getCommandName().equals("run");
    int code = run ? ExitCodes.RUNTIME_FAILED : ExitCodes.FAILED;
    String message = switch (error) {
      case CliException e -> {
        code = e.exitCode();
        yield e.getMessage();
      }
      case ConfigException e -> e.getMessage();
      case StatusRuntimeException e -> CriClient.message(e);
      case IOException e -> e.getMessage() == null ? e.toString() : e.getMessage();
      default -> {
        error.printStackTrace(command.getErr());
        yield "unexpected " + error;
      }
    };
    command.getErr().println("izolo: " + message);
    command.getErr().flush();
    return code;
  }
}
