package dev.izolo.linux;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Collections;

/**
 * A function of the C library all of whose parameters are integers or addresses, up to seven. Each is handed over as 64
 * bits, of which C looks at as many as it declared: x86-64 and 64-bit ARM pass either in a general register. So
 * functions of as many parameters share their linkage, which takes the JVM milliseconds and some 100 KiB for each kind.
 *
 * @see <a href="https://gitlab.com/x86-psABIs/x86-64-ABI">System V ABI, AMD64, section 3.2.3</a>
 */
final class CFunction {
  private static final Linker LINKER = Linker.nativeLinker();

  /** syscall(2): the call's number and its six arguments, zero where it has fewer. */
  static final CFunction SYSCALL = variadic("syscall", 1, 7);

  private final MethodHandle handle;

  private CFunction(MethodHandle handle) {
    this.handle = handle;
  }

  static CFunction of(String name, int parameters) {
    return link(name, parameters, Linker.Option.captureCallState("errno"));
  }

  /** One with variable arguments, of which the first {@code fixed} are not. */
  static CFunction variadic(String name, int fixed, int parameters) {
    return link(
        name, parameters, Linker.Option.captureCallState("errno"), Linker.Option.firstVariadicArg(fixed));
  }

  private static CFunction link(String name, int parameters, Linker.Option... options) {
    MemorySegment address =
        LINKER
            .defaultLookup()
            .find(name)
            .orElseThrow(() -> new UnsatisfiedLinkError("the C library has no function " + name));
    var type =
        FunctionDescriptor.of(
            ValueLayout.JAVA_LONG,
            Collections.nCopies(parameters, ValueLayout.JAVA_LONG).toArray(MemoryLayout[]::new));
    return new CFunction(LINKER.downcallHandle(address, type, options));
  }

  /**
   * Calls it.
   *
   * @param callState from {@link Libc#callState}, for {@link Libc#errno}
   * @param arguments as many as it was linked with; memory by its address, kept alive by the caller
   * @return the result, of which a function that returns an {@code int} has defined the low half only
   */
  long call(MemorySegment callState, long... arguments) {
    long[] a = arguments;
    try {
      return switch (a.length) {
        case 1 -> (long) handle.invokeExact(callState, a[0]);
        case 2 -> (long) handle.invokeExact(callState, a[0], a[1]);
        case 3 -> (long) handle.invokeExact(callState, a[0], a[1], a[2]);
        case 4 -> (long) handle.invokeExact(callState, a[0], a[1], a[2], a[3]);
        case 6 -> (long) handle.invokeExact(callState, a[0], a[1], a[2], a[3], a[4], a[5]);
        case 7 -> (long) handle.invokeExact(callState, a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
        default -> throw new IllegalArgumentException("no function here takes " + a.length + " arguments");
      };
    } catch (Throwable t) {
      throw Libc.unexpected(t);
    }
  }
}
