package dev.izolo.network.address;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.regex.Pattern;

/** IP addresses and prefixes as text, strictly: no names, no zones, no short or octal forms. */
public final class IpText {
  private static final Pattern IPV4 =
      Pattern.compile("(?:(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(?:\\.(?!$)|$)){4}");
  private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:.]{2,45}");

  private IpText() {}

  /**
   * @throws IllegalArgumentException if the text is not an address
   */
  public static InetAddress address(String text) {
    if (IPV4.matcher(text).matches()) {
      return Inet4Address.ofLiteral(text);
    }
    if (text.indexOf(':') >= 0 && IPV6.matcher(text).matches()) {
      try {
        return Inet6Address.ofLiteral(text);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("not an IP address");
      }
    }
    throw new IllegalArgumentException("not an IP address");
  }

  public static boolean isIpv6(String text) {
    return address(text) instanceof Inet6Address;
  }

  /** An address with a prefix length, for example 10.1.2.3/24. */
  public record Cidr(InetAddress address, int prefixLength) {
    /**
     * @throws IllegalArgumentException if the text is not in CIDR notation
     */
    public static Cidr parse(String text) {
      int slash = text.indexOf('/');
      if (slash < 0) {
        throw new IllegalArgumentException("not in CIDR notation");
      }
      InetAddress address = IpText.address(text.substring(0, slash));
      String digits = text.substring(slash + 1);
      if (!digits.matches("\\d{1,3}")) {
        throw new IllegalArgumentException("not in CIDR notation");
      }
      int length = Integer.parseInt(digits);
      if (length > address.getAddress().length * 8) {
        throw new IllegalArgumentException("prefix length out of range");
      }
      return new Cidr(address, length);
    }

    /** Whether this address, with all its prefix, lies in the other network. */
    public boolean isIn(Cidr network) {
      byte[] mine = address.getAddress();
      byte[] theirs = network.address.getAddress();
      if (mine.length != theirs.length || prefixLength < network.prefixLength) {
        return false;
      }
      for (int bit = 0; bit < network.prefixLength; bit++) {
        int mask = 0x80 >> (bit & 7);
        if ((mine[bit >> 3] & mask) != (theirs[bit >> 3] & mask)) {
          return false;
        }
      }
      return true;
    }
  }
}
