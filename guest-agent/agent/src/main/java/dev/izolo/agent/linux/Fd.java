package dev.izolo.agent.linux;

import com.sun.jna.Native;
import java.io.IOException;

/**
 * A file descriptor that is closed once. Owners see to it that nobody uses it while it is closed; after that every use
 * is an error, never another file's descriptor.
 */
public final class Fd implements AutoCloseable {
  private static final int O_CLOEXEC = 0x80000;
  private static final int O_NONBLOCK = 0x800;
  private static final int O_RDWR = 2;
  private static final int F_SETFL = 4;
  private static final int F_GETFL = 3;
  private static final int F_DUPFD_CLOEXEC = 1030;
  /** What {@link #read} answers when a non-blocking descriptor has nothing now. */
  public static final int NOTHING_NOW = -2;

  /** What {@link #read} answers at the end of the stream. */
  public static final int END = -1;

  private int number;

  Fd(int number) {
    this.number = number;
  }

  /** Both ends of a pipe, closed in programs that are run. */
  public record Pipe(Fd reading, Fd writing) {}

  public static Pipe pipe() throws IOException {
    try (NativeBuffer fds = new NativeBuffer(8)) {
      SystemCalls.check("pipe2", SystemCalls.pipe2(fds.address(), O_CLOEXEC));
      return new Pipe(new Fd(fds.getInt(0)), new Fd(fds.getInt(4)));
    }
  }

  /** Opens an existing file for reading. */
  public static Fd openRead(String path) throws IOException {
    return new Fd(SystemCalls.check("open " + path, SystemCalls.open(path, O_CLOEXEC, 0)));
  }

  /** Opens an existing file for reading and writing. */
  public static Fd openReadWrite(String path) throws IOException {
    return new Fd(SystemCalls.check("open " + path, SystemCalls.open(path, O_RDWR | O_CLOEXEC, 0)));
  }

  /** A second descriptor of the same open file. */
  public Fd duplicate() throws IOException {
    return new Fd(SystemCalls.check("duplicate a descriptor", SystemCalls.fcntl(number(), F_DUPFD_CLOEXEC, 3)));
  }

  public synchronized int number() throws IOException {
    if (number < 0) {
      throw new IOException("the descriptor is closed");
    }
    return number;
  }

  public Fd nonBlocking() throws IOException {
    int flags = SystemCalls.check("fcntl", SystemCalls.fcntl(number(), F_GETFL, 0));
    SystemCalls.check("fcntl", SystemCalls.fcntl(number(), F_SETFL, flags | O_NONBLOCK));
    return this;
  }

  /** The count read, {@link #END} or {@link #NOTHING_NOW}. A terminal whose other side is closed is at its end. */
  public int read(NativeBuffer into, int length) throws IOException {
    while (true) {
      long got = SystemCalls.read(number(), into.address(), Math.min(length, into.size()));
      if (got > 0) {
        return (int) got;
      }
      if (got == 0) {
        return END;
      }
      int errno = Native.getLastError();
      if (errno == Errno.EAGAIN) {
        return NOTHING_NOW;
      }
      if (errno == Errno.EIO) {
        return END;
      }
      if (errno != Errno.EINTR) {
        throw new LinuxException("read", errno);
      }
    }
  }

  /** The count written, or {@link #NOTHING_NOW} when a non-blocking descriptor takes nothing now. */
  public int write(NativeBuffer from, int length) throws IOException {
    while (true) {
      long put = SystemCalls.write(number(), from.address(), Math.min(length, from.size()));
      if (put >= 0) {
        return (int) put;
      }
      int errno = Native.getLastError();
      if (errno == Errno.EAGAIN) {
        return NOTHING_NOW;
      }
      if (errno != Errno.EINTR) {
        throw new LinuxException("write", errno);
      }
    }
  }

  @Override
  public synchronized void close() {
    if (number >= 0) {
      SystemCalls.close(number);
      number = -1;
    }
  }
}
