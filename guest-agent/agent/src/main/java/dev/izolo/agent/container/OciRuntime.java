package dev.izolo.agent.container;

import dev.izolo.agent.linux.SealedProgram;
import dev.izolo.agent.process.Reaper;
import dev.izolo.agent.process.Stdio;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** An OCI runtime's command line, as runc and crun share it. */
final class OciRuntime {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final int SIGKILL = 9;
  private static final int MAX_LOG_BYTES = 64 * 1024;
  private static final List<String> ENVIRONMENT =
      List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root");

  /** The runtime ended with an error; the message is its own. */
  static final class RuntimeFailure extends Exception {
    RuntimeFailure(String message) {
      super(message);
    }
  }

  private final Path program;
  private final Path state;
  private final Reaper reaper;
  private SealedProgram copy;

  OciRuntime(Path program, Path state, Reaper reaper) {
    this.program = program;
    this.state = state.resolve(program.getFileName());
    this.reaper = reaper;
  }

  /** Creates the container and starts its process, which is this process's to adopt when this returns. */
  void run(String id, Path bundle, Path pidFile, Path consoleSocket, Stdio stdio) throws IOException, RuntimeFailure {
    execute(bundle, runCommand(id, bundle, pidFile, consoleSocket), stdio, LIMIT);
  }

  List<String> runCommand(String id, Path bundle, Path pidFile, Path consoleSocket) {
    List<String> command = command(bundle);
    command.addAll(List.of("run", "--detach", "--bundle", bundle.toString(), "--pid-file", pidFile.toString()));
    addConsole(command, consoleSocket);
    command.add(id);
    return command;
  }

  /**
   * Starts a further process, which is this process's to adopt when this returns.
   *
   * @param directory where the process file is and the log goes
   * @param group the sub-group of the container's cgroup to run it in, which exists
   */
  void exec(String id, Path directory, Path processFile, Path pidFile, Path consoleSocket, String group, Stdio stdio,
      Duration limit) throws IOException, RuntimeFailure {
    execute(directory, execCommand(id, directory, processFile, pidFile, consoleSocket, group), stdio, limit);
  }

  List<String> execCommand(
      String id, Path directory, Path processFile, Path pidFile, Path consoleSocket, String group) {
    List<String> command = command(directory);
    command.addAll(List.of("exec", "--detach", "--process", processFile.toString(), "--pid-file", pidFile.toString(),
        "--cgroup", group));
    addConsole(command, consoleSocket);
    command.add(id);
    return command;
  }

  /** Ends and forgets a container, whatever state it is in. */
  void delete(String id, Path directory) throws IOException, RuntimeFailure {
    if (!Files.exists(state.resolve(id))) {
      return;
    }
    List<String> command = command(directory);
    command.addAll(List.of("delete", "--force", id));
    execute(directory, command);
  }

  /**
   * Forgets a container none of whose processes is left: what {@link #delete} would do but for the cgroup, which is the
   * caller's to remove, without running a program.
   */
  void forget(String id) throws IOException {
    Path directory = state.resolve(id);
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  void update(String id, Path directory, Path resourcesFile) throws IOException, RuntimeFailure {
    List<String> command = command(directory);
    command.addAll(List.of("update", "--resources", resourcesFile.toString(), id));
    execute(directory, command);
  }

  private List<String> command(Path directory) {
    return new ArrayList<>(List.of(program.toString(), "--root", state.toString(), "--log", log(directory).toString(),
        "--log-format", "json"));
  }

  private static void addConsole(List<String> command, Path socket) {
    if (socket != null) {
      command.add("--console-socket");
      command.add(socket.toString());
    }
  }

  private static Path log(Path directory) {
    return directory.resolve("runtime.log");
  }

  private void execute(Path directory, List<String> command) throws IOException, RuntimeFailure {
    try (Stdio none = Stdio.open(true, false)) {
      execute(directory, command, none, LIMIT);
    }
  }

  private void execute(Path directory, List<String> command, Stdio stdio, Duration limit)
      throws IOException, RuntimeFailure {
    Files.createDirectories(state);
    Files.deleteIfExists(log(directory));
    Reaper.Child child = reaper.spawn(executable(), command, ENVIRONMENT, stdio.in(), stdio.out(), stdio.err());
    stdio.closeChildEnds();
    int code = await(child, limit);
    if (code != 0) {
      throw new RuntimeFailure(message(directory, code));
    }
  }

  /** Copied at the first need, once in a VM's life: in copies of a VM that has run a container the copy is there. */
  private synchronized String executable() throws IOException {
    if (copy == null) {
      copy = SealedProgram.of(program);
    }
    return copy.path();
  }

  private int await(Reaper.Child child, Duration limit) throws IOException, RuntimeFailure {
    try {
      return child.exit().get(limit.toNanos(), TimeUnit.NANOSECONDS).code();
    } catch (TimeoutException e) {
      reaper.signalGroup(child.pid(), SIGKILL);
      throw new RuntimeFailure(program.getFileName() + " took longer than " + limit.toMillis() + " ms and was ended");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      reaper.signalGroup(child.pid(), SIGKILL);
      throw new RuntimeFailure("interrupted while " + program.getFileName() + " ran");
    } catch (ExecutionException e) {
      throw new IOException(e);
    }
  }

  private String message(Path directory, int code) throws IOException {
    Path log = log(directory);
    String text = Files.exists(log) && Files.size(log) <= MAX_LOG_BYTES ? Files.readString(log) : "";
    String last = RuntimeLog.lastError(text);
    return last.isEmpty() ? program.getFileName() + " ended with exit code " + code + " and no message" : last;
  }

  /** The number a runtime wrote to its pid file. */
  static int pid(Path pidFile) throws IOException {
    try {
      return Integer.parseInt(Files.readString(pidFile).strip());
    } catch (NumberFormatException e) {
      throw new IOException("the runtime's pid file " + pidFile + " has no number", e);
    }
  }

}
