package dev.izolo.e2e.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The real daemon's process, started as {@code izolo serve} starts it, inside a {@link Node}. */
public final class Daemon implements AutoCloseable {
  private final Node node;
  private final Path config;
  private final Path socket;
  private final Path log;
  private final List<String> extra;
  private Process entering;
  private long pid;

  private Daemon(Node node, Path config, Path socket, Path log, List<String> extra) {
    this.node = node;
    this.config = config;
    this.socket = socket;
    this.log = log;
    this.extra = extra;
  }

  /** Starts it and returns at once, whether or not it will serve. */
  public static Daemon launch(Node node, Path home, DaemonConfig config, String... extraArguments) {
    try {
      Files.createDirectories(home);
      Path file = config.write(home.resolve("config.toml"));
      Daemon daemon = new Daemon(node, file, DaemonConfig.socket(home), home.resolve("daemon.log"), List.of(extraArguments));
      daemon.start();
      return daemon;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts it again on the same state. */
  public void start() {
    try {
      List<String> command = new ArrayList<>(cli());
      command.addAll(List.of("serve", "--config", config.toString()));
      command.addAll(extra);
      entering = new ProcessBuilder(node.command(command))
          .redirectInput(Path.of("/dev/null").toFile())
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
          .start();
      // nsenter stays outside the process namespace as the parent of the daemon
      Patience.until("nsenter to start the daemon", Patience.seconds(10),
          () -> !entering.isAlive() || entering.children().findFirst().isPresent());
      pid = entering.children().findFirst().map(ProcessHandle::pid).orElse(-1L);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The command line of Izolo's command, without arguments: the launcher if named, else Java on our own class path. */
  public static List<String> cli() {
    String launcher = System.getProperty("izolo.command", "");
    if (!launcher.isEmpty()) {
      return List.of(launcher);
    }
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m", "--enable-native-access=ALL-UNNAMED"));
    for (String artefact : List.of("kernel", "rootfs", "hello", "vsockBackend", "version")) {
      String value = System.getProperty("izolo." + artefact, "");
      if (!value.isEmpty()) {
        command.add("-Dizolo." + artefact + "=" + value);
      }
    }
    command.addAll(List.of("-cp", classPath(), "dev.izolo.cli.Main"));
    return command;
  }

  private static String classPath() {
    String surefire = System.getProperty("surefire.test.class.path", "");
    return surefire.isEmpty() ? System.getProperty("java.class.path") : surefire;
  }

  public Path socket() {
    return socket;
  }

  /** The daemon's pid as the machine sees it. */
  public long pid() {
    return pid;
  }

  /** The pid of the process that entered the namespaces for it, which ends when the daemon does. */
  long enteringPid() {
    return entering.pid();
  }

  public boolean isRunning() {
    return entering.isAlive();
  }

  /** Waits until it serves. */
  public void awaitServing() {
    Patience.until("the daemon to serve on " + socket + " or to end", Patience.seconds(60), () -> {
      if (!entering.isAlive()) {
        return true;
      }
      try (Cri cri = Cri.connect(socket)) {
        return !cri.runtime(Duration.ofSeconds(2)).version(dev.izolo.cri.v1.VersionRequest.getDefaultInstance())
            .getRuntimeName().isEmpty();
      }
    });
    if (!entering.isAlive()) {
      throw new AssertionError("the daemon exited " + entering.exitValue() + ":\n" + logTail(40));
    }
  }

  /** SIGTERM, as a service manager stops it; returns its exit code. */
  public int terminate() {
    return end("-TERM", Patience.seconds(30));
  }

  /** SIGKILL, as a crash. */
  public void kill9() {
    end("-KILL", Patience.seconds(10));
  }

  private int end(String signal, Duration bound) {
    try {
      new ProcessBuilder("kill", signal, Long.toString(pid)).inheritIO().start().waitFor();
      return awaitExit(bound);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Waits for its own end and returns its exit code. */
  public int awaitExit(Duration bound) {
    try {
      if (!entering.waitFor(bound.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError("the daemon still runs after " + bound + ":\n" + logTail(40));
      }
      return entering.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** All it has written. */
  public String log() {
    try {
      return Files.exists(log) ? new String(Files.readAllBytes(log), StandardCharsets.UTF_8) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The last lines of what it wrote. */
  public String logTail(int lines) {
    List<String> all = log().lines().toList();
    return String.join("\n", all.subList(Math.max(0, all.size() - lines), all.size()));
  }

  @Override
  public void close() {
    if (entering.isAlive()) {
      terminate();
    }
  }
}
