package dev.izolo.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;

/**
 * An anonymous file in memory, memfd_create(2): it is gone with its last descriptor and mapping, so nothing of it can be
 * left behind, whoever is killed when. Any user who holds it may open it again by its path in /proc.
 */
public final class MemoryFile implements AutoCloseable {
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int F_ADD_SEALS = 1033;
  private static final int SEAL_SEAL_SHRINK_GROW_WRITE = 1 | 2 | 4 | 8;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;
  /** Bounds how long one copy call lasts, and so how late an interrupt is noticed. */
  private static final long COPY_BYTES = 16 << 20;

  private static final CFunction MEMFD_CREATE = CFunction.of("memfd_create", 2);
  private static final CFunction FTRUNCATE = CFunction.of("ftruncate", 2);
  private static final CFunction FCNTL = CFunction.variadic("fcntl", 2, 3);
  private static final CFunction LSEEK = CFunction.of("lseek", 3);
  private static final CFunction COPY_FILE_RANGE = CFunction.of("copy_file_range", 6);

  private final Fd fd;
  private final String name;

  private MemoryFile(Fd fd, String name) {
    this.fd = fd;
    this.name = name;
  }

  /**
   * @param name what it is called in /proc/PID/maps, for people
   * @param bytes its size; all of it is a hole, which takes no memory
   */
  public static MemoryFile create(String name, long bytes) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      int number =
          (int) MEMFD_CREATE.call(state, arena.allocateFrom(name).address(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
      var file = new MemoryFile(new Fd(Libc.check(number, state, "memfd_create " + name)), name);
      try {
        int resized = (int) FTRUNCATE.call(state, number, bytes);
        Libc.check(resized, state, "size memory file " + name);
        return file;
      } catch (Throwable t) {
        file.close();
        throw t;
      }
    }
  }

  /** Borrowed; shares its position with everybody who has this descriptor. */
  public Fd fd() {
    return fd;
  }

  /** A handle of its own on the same file, for reading. */
  public MemoryFile duplicate() throws ErrnoException {
    return new MemoryFile(reopen(Fd.O_RDONLY), name);
  }

  /** A new descriptor with a position of its own, at the start. */
  public Fd reopen(int flags) throws ErrnoException {
    return Fd.open(fd.procPath(), flags);
  }

  public long size() throws IOException {
    return Files.size(fd.procPath());
  }

  /** Memory it takes. */
  public long allocatedBytes() throws IOException {
    long bytes = 0;
    long end = size();
    for (long data = seek(0, SEEK_DATA); data < end; ) {
      long hole = seek(data, SEEK_HOLE);
      bytes += hole - data;
      data = seek(hole, SEEK_DATA);
    }
    return bytes;
  }

  /**
   * Makes its content final, for whoever holds it with whatever permissions: writing, writable shared mappings and
   * punching holes fail from now on, private mappings still work. EBUSY while somebody can write to it by a mapping.
   */
  public void seal() throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      int sealed = (int) FCNTL.call(state, fd.number(), F_ADD_SEALS, SEAL_SEAL_SHRINK_GROW_WRITE);
      Libc.check(sealed, state, "seal memory file " + name);
    }
  }

  /**
   * Copies all data into a file of the same size that has none yet; holes stay holes.
   *
   * @throws InterruptedException if the thread is interrupted, promptly
   */
  public void copyTo(MemoryFile target) throws IOException, InterruptedException {
    long end = size();
    for (long data = seek(0, SEEK_DATA); data < end; ) {
      long hole = seek(data, SEEK_HOLE);
      while (data < hole) {
        if (Thread.interrupted()) {
          throw new InterruptedException("copy of " + name);
        }
        data += copy(target, data, Math.min(hole - data, COPY_BYTES));
      }
      data = seek(hole, SEEK_DATA);
    }
  }

  private long copy(MemoryFile target, long offset, long bytes) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      MemorySegment from = arena.allocateFrom(ValueLayout.JAVA_LONG, offset);
      MemorySegment to = arena.allocateFrom(ValueLayout.JAVA_LONG, offset);
      long copied =
          COPY_FILE_RANGE.call(state, fd.number(), from.address(), target.fd.number(), to.address(), bytes, 0);
      Libc.check(copied < 0 ? -1 : 0, state, "copy memory file " + name);
      if (copied == 0) {
        throw new ErrnoException("copy memory file " + name + ", which has shrunk", ErrnoException.EAGAIN);
      }
      return copied;
    }
  }

  /** The end of the file when there is nothing of the kind behind the offset. */
  private long seek(long offset, int whence) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      long at = LSEEK.call(state, fd.number(), offset, whence);
      if (at < 0 && Libc.errno(state) == ErrnoException.ENXIO) {
        return size();
      }
      Libc.check(at < 0 ? -1 : 0, state, "seek in memory file " + name);
      return at;
    }
  }

  @Override
  public void close() {
    fd.close();
  }
}
