package dev.izolo.linux;

import static dev.izolo.linux.Libc.INT;
import static dev.izolo.linux.Libc.LONG;
import static dev.izolo.linux.Libc.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Opens tap devices that live in other network namespaces. */
public final class Tap {
  private static final long TUNSETIFF = 0x400454caL;
  private static final short IFF_TAP = 0x0002;
  private static final short IFF_NO_PI = 0x1000;
  private static final short IFF_VNET_HDR = 0x4000;
  private static final int IFNAMSIZ = 16;
  private static final int CLONE_NEWNET = 0x40000000;

  private static final MethodHandle SETNS = Libc.link("setns", INT, INT, INT);
  private static final MethodHandle IOCTL = Libc.linkVariadic("ioctl", 2, INT, INT, LONG, POINTER);

  private Tap() {}

  /**
   * Attaches to a persistent tap, with virtio-net headers. The caller gives the descriptor to the one process that is
   * to use the device; no permission on the device itself is needed there.
   *
   * @param namespace the network namespace's file
   * @param name the device's name, at most 15 bytes
   * @throws ErrnoException EBUSY if somebody has it open, EINVAL if it is no tap with virtio-net headers
   */
  public static Fd open(Path namespace, String name) throws ErrnoException, InterruptedException {
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    if (bytes.length == 0 || bytes.length >= IFNAMSIZ) {
      throw new IllegalArgumentException("not a network device name: " + name);
    }
    // A thread's network namespace is its own, and cannot be trusted to be set back: the thread ends with the call.
    var result = new CompletableFuture<Fd>();
    Thread.ofPlatform()
        .name("tap-open")
        .start(
            () -> {
              try {
                result.complete(openIn(namespace, name, bytes));
              } catch (Throwable t) {
                result.completeExceptionally(t);
              }
            });
    try {
      return result.get();
    } catch (InterruptedException e) {
      result.thenAccept(Fd::close);
      throw e;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ErrnoException errno) {
        throw errno;
      }
      throw Libc.unexpected(e.getCause());
    }
  }

  private static Fd openIn(Path namespace, String name, byte[] bytes) throws Throwable {
    try (Arena arena = Arena.ofConfined();
        Fd target = Fd.open(namespace, Fd.O_RDONLY)) {
      MemorySegment state = Libc.callState(arena);
      int entered = (int) SETNS.invokeExact(state, target.number(), CLONE_NEWNET);
      Libc.check(entered, state, "enter network namespace " + namespace);
      Fd tap = Fd.open(Path.of("/dev/net/tun"), Fd.O_RDWR | Fd.O_NONBLOCK);
      try {
        MemorySegment request = arena.allocate(40, 8);
        MemorySegment.copy(bytes, 0, request, ValueLayout.JAVA_BYTE, 0, bytes.length);
        request.set(ValueLayout.JAVA_SHORT, IFNAMSIZ, (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR));
        int attached = (int) IOCTL.invokeExact(state, tap.number(), TUNSETIFF, request);
        Libc.check(attached, state, "attach to tap " + name + " in " + namespace);
        return tap;
      } catch (Throwable t) {
        tap.close();
        throw t;
      }
    }
  }
}
