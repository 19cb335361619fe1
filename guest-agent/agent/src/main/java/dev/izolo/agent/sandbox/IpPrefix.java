package dev.izolo.agent.sandbox;

import dev.izolo.agent.AgentException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/** An IP address with a prefix length, as bytes in network order. */
record IpPrefix(byte[] address, int length) {
  private static final int V4_BYTES = 4;
  private static final int V6_BYTES = 16;
  private static final int MAX_V6_CHARS = 45;

  boolean ipv6() {
    return address.length != V4_BYTES;
  }

  /** Reads CIDR notation; an address alone has its full length. Never asks a name server. */
  static IpPrefix parse(String text) {
    int slash = text.indexOf('/');
    byte[] address = address(slash < 0 ? text : text.substring(0, slash));
    int bits = address.length * 8;
    int length = slash < 0 ? bits : number(text, slash + 1, text.length());
    if (length < 0 || length > bits) {
      throw new AgentException.Invalid("\"" + text + "\" has no prefix length of 0 to " + bits);
    }
    return new IpPrefix(address, length);
  }

  static byte[] address(String text) {
    byte[] address = text.indexOf(':') < 0 ? v4(text) : v6(text);
    if (address == null) {
      throw new AgentException.Invalid("\"" + text + "\" is no IP address");
    }
    return address;
  }

  /** Four decimal numbers; null for anything else. */
  private static byte[] v4(String text) {
    byte[] address = new byte[V4_BYTES];
    int from = 0;
    for (int i = 0; i < V4_BYTES; i++) {
      int dot = text.indexOf('.', from);
      boolean last = i == V4_BYTES - 1;
      if (last != dot < 0) {
        return null;
      }
      int to = last ? text.length() : dot;
      int part = number(text, from, to);
      if (part < 0 || part > 255) {
        return null;
      }
      address[i] = (byte) part;
      from = to + 1;
    }
    return address;
  }

  /** RFC 4291's text forms; null for anything else, and for v4-mapped ones, which the JDK turns into v4. */
  private static byte[] v6(String text) {
    if (text.length() > MAX_V6_CHARS) {
      return null;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Ascii.isHexDigit(c) && c != ':' && c != '.') {
        return null;
      }
    }
    try {
      byte[] address = Inet6Address.ofLiteral(text).getAddress();
      return address.length == V6_BYTES ? address : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** One to three decimal digits; -1 for anything else. */
  private static int number(String text, int from, int to) {
    if (to - from < 1 || to - from > 3) {
      return -1;
    }
    int number = 0;
    for (int i = from; i < to; i++) {
      if (!Ascii.isDigit(text.charAt(i))) {
        return -1;
      }
      number = number * 10 + text.charAt(i) - '0';
    }
    return number;
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

  @Override
  public String toString() {
    try {
      return InetAddress.getByAddress(address).getHostAddress() + "/" + length;
    } catch (UnknownHostException e) {
      return Arrays.toString(address) + "/" + length;
    }
  }
}
