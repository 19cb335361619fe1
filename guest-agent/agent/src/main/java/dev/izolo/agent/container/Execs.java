package dev.izolo.agent.container;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.linux.Processes;
import dev.izolo.agent.process.Stdio;
import dev.izolo.agent.process.Tasks;
import dev.izolo.agent.v1.ProcessExit;
import dev.izolo.agent.v1.ProcessId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

/**
 * Further commands in running containers. Each runs in a cgroup of its own below the container's, so that ending a
 * command ends all it started, whatever sessions and parents these have chosen meanwhile.
 */
public final class Execs {
  private static final Duration START_LIMIT = Duration.ofMinutes(2);
  private static final int KILLED_EXIT_CODE = 128 + 9;
  private static final int MAX_ARGS = 65536;

  private final ContainerRegistry registry;
  private final Launcher launcher;
  private final Cgroups cgroups;

  Execs(ContainerRegistry registry, Launcher launcher, Cgroups cgroups) {
    this.registry = registry;
    this.launcher = launcher;
    this.cgroups = cgroups;
  }

  /** A command that runs, or has failed to. */
  public final class Command {
    private final Container container;
    private final ManagedProcess process;
    private final String group;
    private final CompletableFuture<ProcessExit> exit = new CompletableFuture<>();
    private volatile boolean timedOut;

    private Command(Container container, ManagedProcess process, String group) {
      this.container = container;
      this.process = process;
      this.group = group;
    }

    public ManagedProcess process() {
      return process;
    }

    /** Completed with the exit; all output is in the streams' windows or will be, ending there. */
    public CompletableFuture<ProcessExit> exit() {
      return exit;
    }

    /** Ends the command and everything it started. */
    public void kill() {
      try {
        cgroups.kill(container.id(), group);
      } catch (IOException e) {
        System.err.println("izolo-agent: ending a command in " + container.id() + ": " + e.getMessage());
      }
    }

    private void ended(Processes.Exit how) {
      ProcessExit result = ProcessExit.newBuilder().setExitCode(how.code())
          .setExitedAtUnixNanos(Clock.unixNanos()).setTimedOut(timedOut).build();
      process.streams().processEnded();
      cgroups.removeExecGroup(container.id(), group);
      exit.complete(result);
    }
  }

  /** Starts a process whose streams are read and written by id, and whose exit is an event. */
  public int start(ProcessId id, List<String> args, boolean terminal, boolean stdin) {
    Container container = runningContainer(id.getContainerId());
    ManagedProcess process =
        new ManagedProcess(id.toBuilder().setExecId(Ids.check("exec id", id.getExecId())).build(), stdin, stdin);
    if (!container.addExec(process)) {
      throw new AgentException.Exists("container " + container.id() + " has a process " + id.getExecId());
    }
    try {
      Command command = launch(container, process, args, terminal, START_LIMIT);
      command.exit().thenAccept(exit -> {
        registry.events().publish(() -> process.ended(exit), ContainerRegistry.exited(process.id(), exit));
        container.trimExecs();
      });
      return process.pid();
    } catch (OciRuntime.RuntimeFailure e) {
      container.removeExec(id.getExecId());
      throw new AgentException.Refused(e.getMessage(), e);
    } catch (RuntimeException e) {
      container.removeExec(id.getExecId());
      throw e;
    }
  }

  /**
   * Starts a command without input that is ended after the timeout. A command that cannot be executed is one that ends
   * with 126 or 127 and says why on its stderr, as a shell would have it.
   */
  public Command startSync(String containerId, List<String> args, Duration timeout) {
    Container container = runningContainer(containerId);
    ManagedProcess process =
        new ManagedProcess(ProcessId.newBuilder().setContainerId(containerId).build(), false, false);
    boolean limited = timeout.isPositive();
    long begun = System.nanoTime();
    try {
      Command command = launch(container, process, args, false, limited ? timeout : START_LIMIT);
      if (limited) {
        Duration left = timeout.minusNanos(System.nanoTime() - begun);
        Future<?> timer = Tasks.after(left.isNegative() ? Duration.ZERO : left, () -> {
          command.timedOut = true;
          Tasks.executor().execute(command::kill);
        });
        command.exit().thenRun(() -> timer.cancel(false));
      }
      return command;
    } catch (OciRuntime.RuntimeFailure e) {
      if (limited && System.nanoTime() - begun >= timeout.toNanos()) {
        return ended(container, process, ProcessExit.newBuilder().setExitCode(KILLED_EXIT_CODE).setTimedOut(true));
      }
      return failed(container, process, e.getMessage());
    }
  }

  private Command ended(Container container, ManagedProcess process, ProcessExit.Builder exit) {
    Command command = new Command(container, process, "");
    process.streams().neverStarted();
    command.exit.complete(exit.setExitedAtUnixNanos(Clock.unixNanos()).build());
    return command;
  }

  private Command failed(Container container, ManagedProcess process, String message) {
    int code = RuntimeLog.exitCode(message);
    if (code < 0) {
      throw new AgentException.Refused(message);
    }
    process.streams().fail(message + "\n");
    return ended(container, process, ProcessExit.newBuilder().setExitCode(code));
  }

  private Container runningContainer(String id) {
    Container container = registry.get(id);
    if (!container.running() || container.removing()) {
      throw new AgentException.Refused("container " + id + " does not run");
    }
    return container;
  }

  private Command launch(Container container, ManagedProcess process, List<String> args, boolean terminal,
      Duration limit) throws OciRuntime.RuntimeFailure {
    if (args.isEmpty() || args.size() > MAX_ARGS) {
      throw new AgentException.Invalid("a command has 1 to " + MAX_ARGS + " arguments, not " + args.size());
    }
    String name = "exec-" + container.nextExecNumber();
    Path directory = container.directory().resolveSibling(container.id() + "+" + name);
    boolean grouped = false;
    try {
      Files.createDirectories(directory);
      cgroups.createExecGroup(container.id(), name);
      grouped = true;
      Path file = directory.resolve("process.json");
      Json.write(file, Bundle.execProcess(container.spec(), args, terminal));
      Command command = new Command(container, process, name);
      CompletableFuture<Processes.Exit> exit = launcher.launch(process, directory.resolve("pid"), terminal,
          (pidFile, console, stdio) ->
              exec(container, directory, file, pidFile, console, name, stdio, limit));
      exit.thenAccept(command::ended);
      return command;
    } catch (OciRuntime.RuntimeFailure e) {
      discardGroup(container, name, grouped);
      throw e;
    } catch (IOException e) {
      discardGroup(container, name, grouped);
      throw new AgentException.Failed("run a command in container " + container.id(), e);
    } finally {
      deleteDirectory(directory);
    }
  }

  private static void exec(Container container, Path directory, Path file, Path pidFile, Path console, String group,
      Stdio stdio, Duration limit) throws IOException, OciRuntime.RuntimeFailure {
    container.runtime().exec(container.id(), directory, file, pidFile, console, group, stdio, limit);
  }

  private void discardGroup(Container container, String name, boolean made) {
    if (!made) {
      return;
    }
    try {
      cgroups.kill(container.id(), name);
      cgroups.removeExecGroup(container.id(), name);
    } catch (IOException e) {
      System.err.println("izolo-agent: after a failed command in " + container.id() + ": " + e.getMessage());
    }
  }

  private static void deleteDirectory(Path directory) {
    try (var files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      // Files of a few bytes in the VM's memory; the container's own removal does not depend on them.
      System.err.println("izolo-agent: " + directory + " is left: " + e.getMessage());
    }
  }
}
