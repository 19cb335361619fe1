package dev.izolo.image.registry;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Ends reads that wait too long. The JDK's client has a timeout for an answer's headers but none for its body, so the
 * time each read has waited is looked at now and then, and a stream that stalls is closed beneath its reader.
 */
final class StallGuard implements AutoCloseable {
  private final Duration limit;
  private final Set<Watched> streams = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService clock;

  StallGuard(Duration limit) {
    this.limit = limit;
    this.clock = Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name("registry-stall-guard").factory());
    long period = Math.max(10, limit.toMillis() / 10);
    clock.scheduleAtFixedRate(this::check, period, period, TimeUnit.MILLISECONDS);
  }

  InputStream watch(InputStream body) {
    Watched watched = new Watched(body);
    streams.add(watched);
    return watched;
  }

  private void check() {
    long now = System.nanoTime();
    for (Watched stream : streams) {
      if (stream.reading && now - stream.since > limit.toNanos()) {
        stream.abort();
      }
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }

  private final class Watched extends FilterInputStream {
    private volatile boolean reading;
    private volatile long since;
    private volatile boolean stalled;

    Watched(InputStream in) {
      super(in);
    }

    void abort() {
      stalled = true;
      try {
        in.close();
      } catch (IOException e) {
        // The reader is told of the stall, whatever closing says.
        since = System.nanoTime();
      }
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      since = System.nanoTime();
      reading = true;
      int count;
      try {
        count = in.read(buffer, offset, length);
      } catch (IOException e) {
        throw stalled ? stall() : e;
      } finally {
        reading = false;
      }
      if (count < 0 && stalled) {
        throw stall();
      }
      return count;
    }

    private HttpTimeoutException stall() {
      return new HttpTimeoutException("no data for " + limit.toMillis() + " ms");
    }

    @Override
    public void close() throws IOException {
      streams.remove(this);
      super.close();
    }
  }
}
