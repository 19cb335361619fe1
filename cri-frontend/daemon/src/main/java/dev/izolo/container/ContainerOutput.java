package dev.izolo.container;

import dev.izolo.agentclient.AgentClient;
import dev.izolo.state.CriException;
import dev.izolo.stream.ContainerLog;
import dev.izolo.stream.OutputPump;
import dev.izolo.stream.StdStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A container's log and the pumps that fill it, while its process runs. Guarded by the container's lock. */
final class ContainerOutput {
  private static final Logger log = LoggerFactory.getLogger(ContainerOutput.class);

  private final ContainerUnit unit;
  private final Path offsets;
  private final List<OutputPump> pumps = new ArrayList<>();
  private ContainerLog target;

  ContainerOutput(ContainerUnit unit, Path offsets) {
    this.unit = unit;
    this.offsets = offsets;
  }

  /** Opens the log, so that a start that cannot have one fails before anything runs. */
  void open() throws CriException {
    String directory = unit.sandbox().config().getLogDirectory();
    String path = unit.config().getLogPath();
    try {
      if (target == null) {
        target = ContainerLog.open(directory, path, offsets);
      }
    } catch (IllegalArgumentException e) {
      throw new CriException.InvalidArgument(e.getMessage());
    } catch (IOException e) {
      throw new CriException.Internal("cannot open the log " + directory + "/" + path + ": " + e, e);
    }
  }

  /** Begins to read both streams; with a terminal there is but one. */
  void start(AgentClient agent) {
    if (!pumps.isEmpty()) {
      return;
    }
    long from = System.nanoTime();
    var first = new AtomicBoolean(true);
    Runnable firstByte =
        () -> {
          if (first.getAndSet(false)) {
            unit.timeline().add("first byte", from, System.nanoTime());
          }
        };
    pumps.add(new OutputPump(agent, unit.id(), StdStream.STDOUT, target, firstByte).start());
    if (!unit.config().getTty()) {
      pumps.add(new OutputPump(agent, unit.id(), StdStream.STDERR, target, firstByte).start());
    }
  }

  /** Completes when the last byte of each stream is in the log. */
  CompletableFuture<Void> drained() {
    return CompletableFuture.allOf(pumps.stream().map(OutputPump::done).toArray(CompletableFuture[]::new));
  }

  /** Waits, without the container's lock, until all is in the log; says so if it takes too long. */
  static void await(CompletableFuture<Void> drained, String containerId, Duration limit) throws InterruptedException {
    try {
      drained.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      log.warn("container={} ended, but its output did not within {}: the log may lack its end", containerId, limit);
    } catch (ExecutionException e) {
      log.error("container={} output failed", containerId, e);
    }
  }

  /** Ends what still pumps and closes the log. */
  void close() {
    pumps.forEach(OutputPump::stop);
    pumps.forEach(pump -> pump.done().join());
    pumps.clear();
    if (target != null) {
      try {
        target.close();
      } catch (IOException e) {
        log.warn("container={} cannot close its log: {}", unit.id(), e.toString());
      }
      target = null;
    }
  }

  void reopen() throws CriException, InterruptedException {
    if (target == null) {
      throw new CriException.FailedPrecondition("container " + unit.id() + " is not running: its log is closed", null);
    }
    try {
      target.reopen();
    } catch (IOException e) {
      throw new CriException.Internal("cannot reopen the log of container " + unit.id() + ": " + e.getMessage(), e);
    }
  }
}
