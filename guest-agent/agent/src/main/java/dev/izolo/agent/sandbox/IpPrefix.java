package dev.izolo.agent.sandbox;

import dev.izolo.agent.AgentException;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** An IP address with a prefix length, as bytes in network order. */
record IpPrefix(byte[] address, int length) {
  private static final int V4_BYTES = 4;

  boolean ipv6() {
    return address.length != V4_BYTES;
  }

  /** Reads CIDR notation; an address alone has its full length. Never asks a name server. */
  static IpPrefix parse(String text) {
    int slash = text.indexOf('/');
    byte[] address = address(slash < 0 ? text : text.substring(0, slash));
    int bits = address.length * 8;
    int length = bits;
    if (slash >= 0) {
      String digits = text.substring(slash + 1);
      if (!digits.matches("[0-9]{1,3}") || Integer.parseInt(digits) > bits) {
        throw new AgentException.Invalid("\"" + text + "\" has no prefix length of 0 to " + bits);
      }
      length = Integer.parseInt(digits);
    }
    return new IpPrefix(address, length);
  }

  static byte[] address(String text) {
    boolean v4 = text.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
    boolean v6 = text.length() <= 45 && text.indexOf(':') >= 0 && text.matches("[0-9a-fA-F:.]+");
    if (v4 || v6) {
      try {
        byte[] bytes = InetAddress.getByName(text).getAddress();
        // The JDK turns a v4-mapped v6 address into a v4 one.
        if ((bytes.length == V4_BYTES) == v4) {
          return bytes;
        }
      } catch (UnknownHostException e) {
        // Said below.
      }
    }
    throw new AgentException.Invalid("\"" + text + "\" is no IP address");
  }

  /** The address with the bits past the prefix cleared: what a route's destination must be. */
  IpPrefix network() {
    byte[] masked = address.clone();
    for (int i = 0; i < masked.length; i++) {
      int kept = Math.clamp(length - 8L * i, 0, 8);
      masked[i] &= (byte) (0xff << (8 - kept));
    }
    return new IpPrefix(masked, length);
  }
}
