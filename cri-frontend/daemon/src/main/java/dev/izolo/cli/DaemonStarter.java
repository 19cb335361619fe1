package dev.izolo.cli;

import dev.izolo.config.IzoloConfig;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Sees to it that a daemon serves: finds the one that does, or starts one that outlives this process. */
final class DaemonStarter {
  private static final Duration START_LIMIT = Duration.ofSeconds(60);
  private static final Duration BETWEEN_PROBES = Duration.ofMillis(20);
  private static final int QUOTED_LINES = 8;

  private final IzoloConfig config;
  private final List<String> serveOptions;

  /** @param serveOptions the options of this command that a daemon must share */
  DaemonStarter(IzoloConfig config, List<String> serveOptions) {
    this.config = config;
    this.serveOptions = serveOptions;
  }

  /** Returns once a daemon answers at the configured socket; says whether it had to be started. */
  boolean ensureServing() throws CliException, InterruptedException {
    if (answers()) {
      return false;
    }
    try {
      start();
      return true;
    } catch (IOException e) {
      throw new CliException(
          ExitCodes.RUNTIME_FAILED, "the daemon cannot be started: " + e.getMessage(), e);
    }
  }

  private void start() throws IOException, CliException, InterruptedException {
    Path logFile = config.runDir().resolve("daemon.log");
    if (!Files.isDirectory(config.runDir())) {
      Files.createDirectories(config.runDir(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    }
    long logStart = Files.exists(logFile) ? Files.size(logFile) : 0;
    Process daemon = new ProcessBuilder(command())
        .redirectInput(Path.of("/dev/null").toFile())
        .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile.toFile()))
        .redirectErrorStream(true)
        .directory(Path.of("/").toFile())
        .start();
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    // A unix socket tells nobody when its owner begins to listen, so we ask, each time at the price of one connect.
    while (!answers()) {
      if (daemon.waitFor(BETWEEN_PROBES)) {
        // One that was started at the same moment may have won: then it serves us as well.
        if (answers()) {
          return;
        }
        throw new CliException(ExitCodes.RUNTIME_FAILED, "the daemon did not start: " + reason(logFile, logStart), null);
      }
      if (System.nanoTime() > deadline) {
        daemon.destroy();
        throw new CliException(ExitCodes.RUNTIME_FAILED, "the daemon did not serve within "
            + START_LIMIT.toSeconds() + " s: " + reason(logFile, logStart), null);
      }
    }
  }

  /**
   * This very JVM again, with its own flags and class path and what the launcher gives a daemon's JVM beside them, in a
   * session of its own: Ctrl-C here must not end it.
   */
  private List<String> command() {
    List<String> command = new ArrayList<>();
    command.add("setsid");
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    String daemonOptions = System.getProperty("izolo.daemonOptions", "");
    if (!daemonOptions.isEmpty()) {
      command.add("@" + daemonOptions);
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of("serve", "--default-network"));
    command.addAll(serveOptions);
    return command;
  }

  private boolean answers() {
    try (var probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return probe.connect(UnixDomainSocketAddress.of(config.listen()));
    } catch (IOException e) {
      // Refused or not there: nobody listens, which is the question.
      return false;
    }
  }

  private static String reason(Path logFile, long from) throws IOException {
    byte[] log = Files.readAllBytes(logFile);
    int start = (int) Math.min(from, log.length);
    List<String> lines = new String(log, start, log.length - start, StandardCharsets.UTF_8).lines()
        .filter(line -> !line.isBlank())
        .toList();
    if (lines.isEmpty()) {
      return "it said nothing in " + logFile;
    }
    List<String> last = lines.subList(Math.max(0, lines.size() - QUOTED_LINES), lines.size());
    return String.join("\n  ", last) + "\n  (log: " + logFile + ")";
  }
}
