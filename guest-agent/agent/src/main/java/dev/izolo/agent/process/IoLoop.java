package dev.izolo.agent.process;

import dev.izolo.agent.linux.Epoll;
import dev.izolo.agent.linux.Fd;
import dev.izolo.agent.linux.NativeBuffer;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One thread that watches every pipe, terminal and file watch of the agent. It starts with the first registration and
 * blocks in the kernel while nothing happens.
 */
public final class IoLoop {
  /** The largest piece handled at once. */
  public static final int SCRATCH_BYTES = 64 * 1024;

  /** What is called on the loop's thread when a descriptor that was armed is ready. It must not block. */
  public interface Handler {
    /** @param scratch for the call's duration only */
    void ready(NativeBuffer scratch) throws IOException;

    /** The call above failed: the descriptor is of no more use. */
    void failed(IOException cause);
  }

  /** A descriptor under watch. */
  public final class Registration {
    private final Fd fd;
    private final long key;
    private boolean watched;
    private boolean closed;

    private Registration(Fd fd, long key) {
      this.fd = fd;
      this.key = key;
    }

    /** Asks for the next time the descriptor can be read, or is hung up. From any thread. */
    public void armRead() throws IOException {
      arm(Epoll.IN);
    }

    /** Asks for the next time the descriptor can be written, or is hung up. From any thread. */
    public void armWrite() throws IOException {
      arm(Epoll.OUT);
    }

    private synchronized void arm(int interest) throws IOException {
      if (closed) {
        return;
      }
      if (watched) {
        epoll.arm(fd, interest, key);
      } else {
        // Not before: the kernel reports a hang-up even of a descriptor nothing is asked of.
        epoll.add(fd, interest, key);
        watched = true;
      }
    }

    /** Ends the watch and closes the descriptor, on the loop's thread, where nothing else can be using it. */
    public void close() {
      execute(this::closeHere);
    }

    private synchronized void closeHere() {
      if (closed) {
        return;
      }
      closed = true;
      handlers.remove(key);
      try {
        if (watched) {
          epoll.remove(fd);
        }
      } catch (IOException e) {
        throw new IllegalStateException("a watched descriptor was closed elsewhere", e);
      } finally {
        fd.close();
      }
    }
  }

  private static final long WAKE_KEY = 0;

  private final Map<Long, Handler> handlers = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicLong keys = new AtomicLong(WAKE_KEY);
  private Epoll epoll;
  private Fd.Pipe wake;
  private Thread thread;

  /** Watches a descriptor, which becomes the loop's to close. It is at rest until armed. */
  public Registration register(Fd fd, Handler handler) throws IOException {
    start();
    fd.nonBlocking();
    long key = keys.incrementAndGet();
    handlers.put(key, handler);
    return new Registration(fd, key);
  }

  /** Runs a task on the loop's thread, soon. */
  public void execute(Runnable task) {
    try {
      start();
      tasks.add(task);
      try (NativeBuffer one = new NativeBuffer(1)) {
        // A full pipe has woken the loop already.
        wake.writing().write(one, 1);
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private synchronized void start() throws IOException {
    if (thread != null) {
      return;
    }
    epoll = new Epoll();
    wake = Fd.pipe();
    wake.reading().nonBlocking();
    wake.writing().nonBlocking();
    epoll.add(wake.reading(), Epoll.IN, WAKE_KEY);
    thread = new Thread(null, this::run, "io", 256 * 1024);
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    try (NativeBuffer scratch = new NativeBuffer(SCRATCH_BYTES)) {
      while (true) {
        for (long key : epoll.await()) {
          if (key == WAKE_KEY) {
            runTasks(scratch);
          } else {
            handle(key, scratch);
          }
        }
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException("the agent's descriptors can no longer be watched", e);
    }
  }

  private void runTasks(NativeBuffer scratch) throws IOException {
    while (wake.reading().read(scratch, scratch.size()) > 0) {
      // Each byte is one wake-up and means nothing else.
    }
    epoll.arm(wake.reading(), Epoll.IN, WAKE_KEY);
    Runnable task;
    while ((task = tasks.poll()) != null) {
      try {
        task.run();
      } catch (RuntimeException e) {
        report(e);
      }
    }
  }

  private void handle(long key, NativeBuffer scratch) {
    Handler handler = handlers.get(key);
    if (handler == null) {
      return;
    }
    try {
      handler.ready(scratch);
    } catch (IOException e) {
      handler.failed(e);
    } catch (RuntimeException e) {
      // One stream's fault must not end the thread that serves all.
      report(e);
      handler.failed(new IOException(e));
    }
  }

  private static void report(RuntimeException e) {
    System.err.println("izolo-agent: in the descriptor loop: " + e);
  }
}
