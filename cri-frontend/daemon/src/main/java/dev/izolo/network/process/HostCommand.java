package dev.izolo.network.process;

import dev.izolo.linux.ProcessGroups;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of a host program. It leads a session of its own, so that a signal to the daemon's terminal does not reach
 * it and that, when its time is up, it can be killed together with everything it started.
 *
 * @param command the program's absolute path and its arguments
 * @param environment added to the daemon's own environment
 * @param withoutVariables prefix of inherited variables that the program must not see; empty for none
 * @param timeLimit after which it is killed
 * @param maxOutputBytes of each output stream; a program that says more is killed
 */
public record HostCommand(
    List<String> command,
    Map<String, String> environment,
    String withoutVariables,
    Duration timeLimit,
    int maxOutputBytes) {
  private static final Logger log = LoggerFactory.getLogger(HostCommand.class);
  /** How long a program's output may stay open (held by a child it left behind) after the program has ended. */
  private static final Duration STRAGGLERS = Duration.ofSeconds(2);

  /** What a program that ended by itself left. */
  public record Outcome(int exitCode, byte[] stdout, byte[] stderr) {
    public boolean succeeded() {
      return exitCode == 0;
    }

    public String stdoutText() {
      return new String(stdout, StandardCharsets.UTF_8);
    }

    public String stderrText() {
      return new String(stderr, StandardCharsets.UTF_8);
    }
  }

  /** A host tool with the usual limits. */
  public static HostCommand of(Path program, String... arguments) {
    return new HostCommand(
        Stream.concat(Stream.of(program.toString()), Stream.of(arguments)).toList(),
        Map.of(),
        "",
        Duration.ofSeconds(10),
        1 << 20);
  }

  /**
   * Runs it to its end.
   *
   * @param stdin given to the program, then end of file
   * @throws CommandException if it cannot be started, is killed at its time limit or says too much
   * @throws InterruptedException if the calling thread is interrupted; the program has been killed
   */
  public Outcome run(byte[] stdin) throws CommandException, InterruptedException {
    Process process = start();
    Drain stdout = new Drain(process, process.getInputStream(), maxOutputBytes);
    Drain stderr = new Drain(process, process.getErrorStream(), maxOutputBytes);
    Thread.ofVirtual().name("stdin of " + name()).start(() -> feed(process, stdin));
    try {
      if (!process.waitFor(timeLimit.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new CommandException(
            "%s did not end within %d s and was killed%s".formatted(name(), timeLimit.toSeconds(), said(stdout, stderr)));
      }
      long deadline = System.nanoTime() + STRAGGLERS.toNanos();
      stdout.awaitEnd(deadline);
      stderr.awaitEnd(deadline);
      // Whether its output has ended says nothing of what it left running: the JDK closes the pipes of a process that
      // has ended, though a child of that may still hold them.
      killSession(process);
      if (stdout.overflowed() || stderr.overflowed()) {
        throw new CommandException("%s wrote more than %d bytes and was killed".formatted(name(), maxOutputBytes));
      }
      return new Outcome(process.exitValue(), stdout.bytes(), stderr.bytes());
    } finally {
      if (process.isAlive()) {
        kill(process);
      }
    }
  }

  private Process start() throws CommandException {
    List<String> inOwnSession = new ArrayList<>();
    inOwnSession.add(HostTools.require("setsid", "util-linux").toString());
    inOwnSession.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(inOwnSession);
    if (!withoutVariables.isEmpty()) {
      builder.environment().keySet().removeIf(variable -> variable.startsWith(withoutVariables));
    }
    builder.environment().put("PATH", HostTools.searchPath());
    builder.environment().putAll(environment);
    try {
      return builder.start();
    } catch (IOException e) {
      throw new CommandException("cannot start %s: %s".formatted(command.getFirst(), e.getMessage()), e);
    }
  }

  private String name() {
    return Path.of(command.getFirst()).getFileName().toString();
  }

  private static String said(Drain stdout, Drain stderr) {
    String text = Quote.of(stderr.bytes().length > 0 ? stderr.bytes() : stdout.bytes());
    return text.isEmpty() ? "" : "; until then it said: " + text;
  }

  private static void feed(Process process, byte[] stdin) {
    try (OutputStream out = process.getOutputStream()) {
      out.write(stdin);
    } catch (IOException e) {
      // A program need not read its input; whether it minded shows in how it ends.
    }
  }

  /** Kills the program's whole session, then what else descends from it. */
  private static void kill(Process process) {
    List<ProcessHandle> descendants = process.descendants().toList();
    killSession(process);
    descendants.forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  private static void killSession(Process process) {
    try {
      // A child whose parent has ended is no descendant any more, but still of the session's group.
      ProcessGroups.kill(process.pid());
    } catch (IOException e) {
      log.warn("cannot kill what process {} left running", process.pid(), e);
    }
  }

  /** Reads one output stream to its end, up to a bound. */
  private static final class Drain {
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final Thread reader;
    private volatile boolean overflowed;

    Drain(Process process, InputStream stream, int limit) {
      reader = Thread.ofVirtual().start(() -> read(process, stream, limit));
    }

    private void read(Process process, InputStream stream, int limit) {
      byte[] buffer = new byte[8192];
      try (stream) {
        for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
          if (kept.size() + n > limit) {
            overflowed = true;
            kill(process);
            return;
          }
          kept.write(buffer, 0, n);
        }
      } catch (IOException e) {
        // The stream is closed under the reader when the program is killed; what was read until then stays.
      }
    }

    boolean awaitEnd(long deadlineNanoTime) throws InterruptedException {
      return reader.join(Duration.ofNanos(Math.max(1, deadlineNanoTime - System.nanoTime())));
    }

    boolean overflowed() {
      return overflowed;
    }

    byte[] bytes() {
      return kept.toByteArray();
    }
  }
}
