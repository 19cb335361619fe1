package dev.izolo.agent.linux;

import java.io.IOException;

/**
 * An epoll instance whose registrations fire once and then rest until they are armed again, hang-ups included: a
 * descriptor that nobody wants to read costs nothing.
 */
public final class Epoll implements AutoCloseable {
  public static final int IN = 1;
  public static final int OUT = 4;

  private static final int EPOLL_CLOEXEC = 0x80000;
  private static final int ONESHOT = 1 << 30;
  private static final int ADD = 1;
  private static final int DELETE = 2;
  private static final int MODIFY = 3;
  // struct epoll_event is packed on x86-64.
  private static final int EVENT_BYTES = 12;
  private static final int BATCH = 64;

  private final Fd fd;
  private final NativeBuffer events = new NativeBuffer(EVENT_BYTES * BATCH);

  public Epoll() throws IOException {
    fd = new Fd(SystemCalls.check("epoll_create1", SystemCalls.epoll_create1(EPOLL_CLOEXEC)));
  }

  /** Adds a descriptor and asks for one event of it, as {@link #arm} does. */
  public void add(Fd watched, int interest, long key) throws IOException {
    control(ADD, watched, interest, key);
  }

  /** Asks for one more event, of {@link #IN} or {@link #OUT} or a hang-up. */
  public void arm(Fd watched, int interest, long key) throws IOException {
    control(MODIFY, watched, interest, key);
  }

  public void remove(Fd watched) throws IOException {
    control(DELETE, watched, 0, 0);
  }

  /** Blocks for at least one event and answers the keys of those that fired. One thread only. */
  public long[] await() throws IOException {
    while (true) {
      int count = SystemCalls.epoll_wait(fd.number(), events.address(), BATCH, -1);
      if (count >= 0) {
        long[] keys = new long[count];
        for (int i = 0; i < count; i++) {
          keys[i] = events.getLong(i * EVENT_BYTES + 4);
        }
        return keys;
      }
      int errno = com.sun.jna.Native.getLastError();
      if (errno != Errno.EINTR) {
        throw new LinuxException("epoll_wait", errno);
      }
    }
  }

  private void control(int operation, Fd watched, int interest, long key) throws IOException {
    try (NativeBuffer event = new NativeBuffer(EVENT_BYTES)) {
      event.putInt(0, interest | ONESHOT).putLong(4, key);
      SystemCalls.check("epoll_ctl",
          SystemCalls.epoll_ctl(fd.number(), operation, watched.number(), event.address()));
    }
  }

  @Override
  public void close() {
    fd.close();
    events.close();
  }
}
