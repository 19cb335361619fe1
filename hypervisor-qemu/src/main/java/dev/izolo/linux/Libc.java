package dev.izolo.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/** What calls of {@link CFunction} hand back beside their result. */
final class Libc {
  private static final VarHandle ERRNO =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private Libc() {}

  static MemorySegment callState(Arena arena) {
    return arena.allocate(Linker.Option.captureStateLayout());
  }

  /** Meaningful only right after a call that reported failure. */
  static int errno(MemorySegment callState) {
    return (int) ERRNO.get(callState, 0L);
  }

  /** Checks a result that is negative on failure. */
  static int check(int result, MemorySegment callState, String operation) throws ErrnoException {
    if (result < 0) {
      throw new ErrnoException(operation, errno(callState));
    }
    return result;
  }

  /** What a method handle can throw only by a mistake in its use. */
  static AssertionError unexpected(Throwable t) {
    if (t instanceof Error error) {
      throw error;
    }
    return new AssertionError("native call failed in the linker", t);
  }
}
