package dev.izolo.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Opens tap devices that live in other network namespaces. */
public final class Tap {
  private static final long TUNSETIFF = 0x400454caL;
  private static final short IFF_TAP = 0x0002;
  private static final short IFF_NO_PI = 0x1000;
  private static final short IFF_VNET_HDR = 0x4000;
  private static final int IFNAMSIZ = 16;

  private static final CFunction IOCTL = CFunction.variadic("ioctl", 2, 3);

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
    try {
      return NetworkNamespace.call(namespace, () -> openHere(namespace, name, bytes), Fd::close);
    } catch (ErrnoException e) {
      throw e;
    } catch (IOException e) {
      throw new AssertionError("taps fail by errno alone", e);
    }
  }

  private static Fd openHere(Path namespace, String name, byte[] bytes) throws ErrnoException {
    Fd tap = Fd.open(Path.of("/dev/net/tun"), Fd.O_RDWR | Fd.O_NONBLOCK);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.callState(arena);
      MemorySegment request = arena.allocate(40, 8);
      MemorySegment.copy(bytes, 0, request, ValueLayout.JAVA_BYTE, 0, bytes.length);
      request.set(ValueLayout.JAVA_SHORT, IFNAMSIZ, (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR));
      int attached = (int) IOCTL.call(state, tap.number(), TUNSETIFF, request.address());
      Libc.check(attached, state, "attach to tap " + name + " in " + namespace);
      return tap;
    } catch (Throwable t) {
      tap.close();
      throw t;
    }
  }
}
