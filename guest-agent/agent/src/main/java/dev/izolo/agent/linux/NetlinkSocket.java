package dev.izolo.agent.linux;

import java.io.IOException;

/** A netlink socket (netlink(7)): datagrams to and from the kernel. */
public final class NetlinkSocket implements AutoCloseable {
  public static final int ROUTE = 0;
  public static final int KOBJECT_UEVENT = 15;

  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW = 3;
  private static final int POLLIN = 1;

  private final Fd fd;
  private final NativeBuffer buffer = new NativeBuffer(32 * 1024);

  /** @param groups the multicast groups to join, a bit each */
  public NetlinkSocket(int protocol, int groups) throws IOException {
    fd = new Fd(SystemCalls.check("netlink socket",
        SystemCalls.socket(AF_NETLINK, SOCK_RAW | SocketCalls.SOCK_CLOEXEC, protocol)));
    byte[] address = new byte[12];
    address[0] = AF_NETLINK;
    for (int i = 0; i < 4; i++) {
      address[8 + i] = (byte) (groups >> (8 * i));
    }
    try {
      SystemCalls.check("bind a netlink socket", SystemCalls.bind(fd.number(), address, address.length));
    } catch (IOException e) {
      fd.close();
      throw e;
    }
  }

  public void send(byte[] datagram) throws IOException {
    try (NativeBuffer out = new NativeBuffer(datagram.length)) {
      out.put(0, datagram, 0, datagram.length);
      SystemCalls.check("send to netlink", SystemCalls.send(fd.number(), out.address(), datagram.length, 0));
    }
  }

  /** The next datagram; blocks. */
  public byte[] receive() throws IOException {
    long got = SystemCalls.check("receive from netlink",
        SystemCalls.recv(fd.number(), buffer.address(), buffer.size(), 0));
    return buffer.bytes(0, (int) got);
  }

  /** Waits for a datagram; false when the time is over. */
  public boolean await(java.time.Duration timeout) throws IOException {
    try (NativeBuffer polled = new NativeBuffer(8)) {
      polled.putInt(0, fd.number()).putShort(4, POLLIN);
      int ready = SystemCalls.poll(polled.address(), 1, (int) Math.clamp(timeout.toMillis(), 0, Integer.MAX_VALUE));
      if (ready < 0 && com.sun.jna.Native.getLastError() == Errno.EINTR) {
        return true;
      }
      return SystemCalls.check("poll", ready) > 0;
    }
  }

  @Override
  public void close() {
    fd.close();
    buffer.close();
  }
}
