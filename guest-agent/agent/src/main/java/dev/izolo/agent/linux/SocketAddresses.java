package dev.izolo.agent.linux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Socket addresses as the kernel reads them: sockaddr_vm (vm_sockets.h) and sockaddr_un (unix(7)). */
public final class SocketAddresses {
  /** Binds to every context id the VM has or will have: the device may be plugged in later. */
  public static final int VMADDR_CID_ANY = -1;

  private static final int UNIX_PATH_BYTES = 108;

  private SocketAddresses() {}

  /** A sockaddr_vm of 16 bytes, little-endian. */
  public static byte[] vsock(int cid, int port) {
    byte[] address = new byte[16];
    putShort(address, 0, SocketCalls.AF_VSOCK);
    putInt(address, 4, port);
    putInt(address, 8, cid);
    return address;
  }

  /** A sockaddr_un with the path's final zero byte. */
  public static byte[] unix(Path path) {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    if (name.length >= UNIX_PATH_BYTES) {
      throw new IllegalArgumentException("a unix socket's path has at most 107 bytes: " + path);
    }
    byte[] address = new byte[2 + name.length + 1];
    putShort(address, 0, SocketCalls.AF_UNIX);
    System.arraycopy(name, 0, address, 2, name.length);
    return address;
  }

  private static void putShort(byte[] out, int at, int value) {
    out[at] = (byte) value;
    out[at + 1] = (byte) (value >> 8);
  }

  private static void putInt(byte[] out, int at, int value) {
    for (int i = 0; i < 4; i++) {
      out[at + i] = (byte) (value >> (8 * i));
    }
  }
}
