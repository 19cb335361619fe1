package dev.izolo.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** Links functions of the C library so that each call also hands back its errno. */
final class Libc {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final VarHandle ERRNO =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private Libc() {}

  /** A handle whose first argument is the segment from {@link #callState}. */
  static MethodHandle link(String function, MemoryLayout result, MemoryLayout... arguments) {
    return link(function, FunctionDescriptor.of(result, arguments), Linker.Option.captureCallState("errno"));
  }

  /** As {@link #link}, for a C function with variable arguments of which the first {@code fixed} are not. */
  static MethodHandle linkVariadic(String function, int fixed, MemoryLayout result, MemoryLayout... arguments) {
    return link(
        function,
        FunctionDescriptor.of(result, arguments),
        Linker.Option.captureCallState("errno"),
        Linker.Option.firstVariadicArg(fixed));
  }

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

  private static MethodHandle link(String function, FunctionDescriptor type, Linker.Option... options) {
    MemorySegment address =
        LINKER
            .defaultLookup()
            .find(function)
            .orElseThrow(() -> new UnsatisfiedLinkError("the C library has no function " + function));
    return LINKER.downcallHandle(address, type, options);
  }

  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  static final java.lang.foreign.AddressLayout POINTER = ValueLayout.ADDRESS;
}
