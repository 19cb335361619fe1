package dev.izolo.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One thread that sleeps in epoll_wait(2) on every pidfd and runs a callback when one becomes readable. */
final class ProcessWatcher {
  private static final Logger log = LoggerFactory.getLogger(ProcessWatcher.class);

  private static final int EPOLL_CTL_ADD = 1;
  private static final int EPOLL_CTL_DEL = 2;
  private static final int EPOLLIN = 1;
  /** struct epoll_event is packed on x86-64: 32 bits of events, 64 of data. */
  private static final int EVENT_BYTES = 12;
  private static final int EVENTS_PER_WAIT = 64;

  private static final CFunction EPOLL_CREATE = CFunction.of("epoll_create1", 1);
  private static final CFunction EPOLL_CTL = CFunction.of("epoll_ctl", 4);
  private static final CFunction EPOLL_WAIT = CFunction.of("epoll_wait", 4);

  private record Watch(Fd pidfd, Runnable callback) {}

  private final Fd epoll;
  private final Map<Long, Watch> watches = new ConcurrentHashMap<>();
  private final AtomicLong nextKey = new AtomicLong();

  private ProcessWatcher() throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      int fd = (int) EPOLL_CREATE.call(state, Fd.O_CLOEXEC);
      epoll = new Fd(Libc.check(fd, state, "epoll_create1"));
    }
    Thread.ofPlatform().daemon().name("process-watcher").start(this::run);
  }

  private static final class Shared {
    private static ProcessWatcher watcher;

    static synchronized ProcessWatcher get() throws ErrnoException {
      if (watcher == null) {
        watcher = new ProcessWatcher();
      }
      return watcher;
    }
  }

  static ProcessWatcher shared() throws ErrnoException {
    return Shared.get();
  }

  /** Runs the callback once, on the watcher's thread, when the process ends; the pidfd must stay open until then. */
  void watch(Fd pidfd, Runnable callback) throws ErrnoException {
    long key = nextKey.getAndIncrement();
    watches.put(key, new Watch(pidfd, callback));
    try {
      control(EPOLL_CTL_ADD, pidfd, key);
    } catch (ErrnoException e) {
      watches.remove(key);
      throw e;
    }
  }

  private void control(int operation, Fd pidfd, long key) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      MemorySegment event = arena.allocate(EVENT_BYTES, 4);
      event.set(ValueLayout.JAVA_INT, 0, EPOLLIN);
      event.set(ValueLayout.JAVA_LONG_UNALIGNED, 4, key);
      int result = (int) EPOLL_CTL.call(state, epoll.number(), operation, pidfd.number(), event.address());
      Libc.check(result, state, "epoll_ctl");
    }
  }

  private void run() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      MemorySegment events = arena.allocate((long) EVENT_BYTES * EVENTS_PER_WAIT, 4);
      while (true) {
        int ready = (int) EPOLL_WAIT.call(state, epoll.number(), events.address(), EVENTS_PER_WAIT, -1);
        if (ready < 0 && Libc.errno(state) != ErrnoException.EINTR) {
          throw new ErrnoException("epoll_wait", Libc.errno(state));
        }
        for (int i = 0; i < ready; i++) {
          fire(events.get(ValueLayout.JAVA_LONG_UNALIGNED, (long) i * EVENT_BYTES + 4));
        }
      }
    } catch (Throwable t) {
      log.error("the watcher of processes stopped: ends of VMs will go unnoticed; restart the daemon", t);
    }
  }

  private void fire(long key) {
    Watch watch = watches.remove(key);
    if (watch == null) {
      return;
    }
    try {
      control(EPOLL_CTL_DEL, watch.pidfd(), key);
      watch.callback().run();
    } catch (Exception e) {
      log.error("while handling the end of a process", e);
    }
  }
}
