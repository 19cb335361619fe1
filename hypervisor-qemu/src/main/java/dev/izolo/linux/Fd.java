package dev.izolo.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An owned file descriptor, always close-on-exec, closed exactly once: a second {@link #close} does nothing, and using
 * it after the first throws {@link IllegalStateException} rather than hitting whoever has the number now.
 */
public final class Fd implements AutoCloseable {
  public static final int O_RDONLY = 0;
  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_NONBLOCK = 0x800;
  public static final int O_DIRECTORY = 0x10000;
  public static final int O_NOFOLLOW = 0x20000;
  static final int O_CLOEXEC = 0x80000;
  static final int O_PATH = 0x200000;

  private static final int SYS_OPENAT2 = 437;
  private static final long RESOLVE_NO_MAGICLINKS = 0x02;
  private static final long RESOLVE_NO_SYMLINKS = 0x04;
  private static final long RESOLVE_BENEATH = 0x08;
  private static final int F_DUPFD_CLOEXEC = 1030;

  private static final CFunction OPEN = CFunction.variadic("open", 2, 3);
  private static final CFunction CLOSE = CFunction.of("close", 1);
  private static final CFunction READ = CFunction.of("read", 3);
  private static final CFunction FCNTL = CFunction.variadic("fcntl", 2, 3);
  private static final CFunction MKFIFO = CFunction.of("mkfifo", 2);

  private final AtomicInteger number;

  /** Takes ownership of an open descriptor. */
  Fd(int number) {
    this.number = new AtomicInteger(number);
  }

  /** open(2) of an existing file; O_CLOEXEC is added. */
  public static Fd open(Path path, int flags) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      int fd = (int) OPEN.call(state, arena.allocateFrom(path.toString()).address(), flags | O_CLOEXEC, 0);
      return new Fd(Libc.check(fd, state, "open " + path));
    }
  }

  /**
   * openat2(2): opens an existing file beneath a directory, following no symbolic link anywhere on the way and never
   * leaving the directory (ELOOP, EXDEV).
   */
  public static Fd openBeneath(Path directory, Path relative, int flags) throws ErrnoException {
    try (Arena arena = Arena.ofConfined();
        Fd base = open(directory, O_PATH | O_DIRECTORY)) {
      MemorySegment state = Libc.callState(arena);
      MemorySegment how = arena.allocate(24, 8);
      how.set(ValueLayout.JAVA_LONG, 0, flags | (long) O_CLOEXEC);
      how.set(ValueLayout.JAVA_LONG, 16, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
      MemorySegment path = arena.allocateFrom(relative.toString());
      long fd =
          CFunction.SYSCALL.call(
              state, SYS_OPENAT2, base.number(), path.address(), how.address(), how.byteSize(), 0, 0);
      return new Fd(Libc.check((int) fd, state, "open " + directory.resolve(relative)));
    }
  }

  /** mkfifo(3), mode 0600. EEXIST if the path is taken. */
  public static void makeFifo(Path path) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      int result = (int) MKFIFO.call(state, arena.allocateFrom(path.toString()).address(), 0600);
      Libc.check(result, state, "mkfifo " + path);
    }
  }

  /** The descriptor's number, for calls that borrow it while this object stays open. */
  public int number() {
    int fd = number.get();
    if (fd < 0) {
      throw new IllegalStateException("file descriptor is closed");
    }
    return fd;
  }

  /** The file behind it, whatever its path now is; for Java's file attributes. */
  public Path procPath() {
    return Path.of("/proc/self/fd/" + number());
  }

  /** A second descriptor of the same open file, numbered {@code lowest} or more. */
  Fd duplicate(int lowest) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      int fd = (int) FCNTL.call(state, number(), F_DUPFD_CLOEXEC, lowest);
      return new Fd(Libc.check(fd, state, "duplicate file descriptor"));
    }
  }

  /**
   * Reads what a non-blocking descriptor holds now, at most {@code limit} bytes, as UTF-8 text. Empty at end of file
   * or when there is nothing yet.
   */
  public String readAvailable(int limit) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      MemorySegment buffer = arena.allocate(limit);
      long read = READ.call(state, number(), buffer.address(), limit);
      if (read < 0 && Libc.errno(state) == ErrnoException.EAGAIN) {
        return "";
      }
      Libc.check((int) read, state, "read");
      return new String(buffer.asSlice(0, read).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }
  }

  /** On Linux the descriptor is gone even when close(2) reports an error, and nothing here needs that error. */
  @Override
  public void close() {
    int fd = number.getAndSet(-1);
    if (fd < 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      CLOSE.call(Libc.callState(arena), fd);
    }
  }
}
