package dev.izolo.stream;

import dev.izolo.agent.v1.OutputStream;
import dev.izolo.agentclient.AgentClient;
import dev.izolo.agentclient.OutputReader;
import dev.izolo.state.CriException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves one output stream of a container from the agent into its log, on a virtual thread. Survives a broken connection
 * and a full disk: it tries again from the offset that is kept, and the container's writes wait meanwhile.
 */
public final class OutputPump {
  private static final Logger log = LoggerFactory.getLogger(OutputPump.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  private final AgentClient agent;
  private final String containerId;
  private final StdStream stream;
  private final ContainerLog target;
  private final Runnable firstByte;
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile OutputReader reader;
  private boolean seen;

  /** @param firstByte told once, when the first bytes are in the log */
  public OutputPump(AgentClient agent, String containerId, StdStream stream, ContainerLog target, Runnable firstByte) {
    this.agent = agent;
    this.containerId = containerId;
    this.stream = stream;
    this.target = target;
    this.firstByte = firstByte;
  }

  public OutputPump start() {
    Thread.ofVirtual().name("output-" + stream + "-" + containerId.substring(0, 12)).start(this::run);
    return this;
  }

  /** Completes, never exceptionally, when the stream's last byte is in the log, or the pump has given up or been stopped. */
  public CompletableFuture<Void> done() {
    return done;
  }

  /** Ends the pump; what it has not written yet stays with the agent. */
  public void stop() {
    stopped.countDown();
    OutputReader current = reader;
    if (current != null) {
      current.close();
    }
  }

  private void run() {
    Duration pause = FIRST_PAUSE;
    try {
      while (stopped.getCount() > 0) {
        long before = target.offset(stream);
        try {
          pumpToEnd(before);
          return;
        } catch (CriException.Unavailable e) {
          log.debug("container={} stream={} interrupted, will go on: {}", containerId, stream, e.getMessage());
        } catch (IOException e) {
          log.warn("container={} stream={} cannot write its log, its output waits: {}", containerId, stream, e.toString());
        }
        pause = target.offset(stream) > before ? FIRST_PAUSE : pause;
        // Neither a disk that is full nor an agent that is gone for a moment announces its return.
        if (stopped.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
        pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
      }
    } catch (CriException e) {
      if (stopped.getCount() > 0) {
        log.warn("container={} stream={} output lost from offset {}: {}", containerId, stream, target.offset(stream), e.getMessage());
      }
    } catch (InterruptedException e) {
      log.error("container={} stream={} pump interrupted: nothing may do that", containerId, stream, e);
    } finally {
      done.complete(null);
    }
  }

  private void pumpToEnd(long offset) throws CriException, IOException, InterruptedException {
    var framer = new LogFramer(stream, offset);
    var source = stream == StdStream.STDOUT ? OutputStream.OUTPUT_STREAM_STDOUT : OutputStream.OUTPUT_STREAM_STDERR;
    try (OutputReader opened = agent.output(containerId, source, offset)) {
      reader = opened;
      if (stopped.getCount() == 0) {
        return;
      }
      for (Optional<byte[]> data = opened.next(); data.isPresent(); data = opened.next()) {
        if (write(framer, framer.accept(data.get(), Instant.now()))) {
          opened.acknowledge(framer.framedBytes());
        }
      }
      write(framer, framer.finish(Instant.now()));
    } finally {
      reader = null;
    }
  }

  private boolean write(LogFramer framer, byte[] entries) throws IOException {
    if (entries.length == 0) {
      return false;
    }
    target.append(stream, entries, framer.framedBytes());
    if (!seen) {
      seen = true;
      firstByte.run();
    }
    return true;
  }
}
