package dev.izolo.agent.sandbox;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.linux.Errno;
import dev.izolo.agent.linux.LinuxException;
import dev.izolo.agent.linux.NetlinkSocket;
import dev.izolo.agent.v1.NetworkInterface;
import dev.izolo.agent.v1.Route;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Links, addresses and routes by rtnetlink(7), with no program run. Requests are collected and {@link #apply} has the
 * kernel carry them out in their order: one call there, and, as long as none fails, one back.
 */
final class Rtnetlink implements AutoCloseable {
  private static final int NEW_LINK = 16;
  private static final int NEW_ADDRESS = 20;
  private static final int DELETE_ADDRESS = 21;
  private static final int NEW_ROUTE = 24;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int IFF_UP = 1;
  private static final int IFLA_ADDRESS = 1;
  private static final int IFLA_IFNAME = 3;
  private static final int IFLA_MTU = 4;
  private static final int IFA_ADDRESS = 1;
  private static final int IFA_LOCAL = 2;
  private static final int IFA_BROADCAST = 4;
  private static final int IFA_F_NODAD = 2;
  private static final int RTA_DST = 1;
  private static final int RTA_OIF = 4;
  private static final int RTA_GATEWAY = 5;
  private static final int RTA_METRICS = 8;
  private static final int RTAX_MTU = 2;
  private static final int RT_TABLE_MAIN = 254;
  private static final int RTPROT_STATIC = 4;
  private static final int RT_SCOPE_UNIVERSE = 0;
  private static final int RT_SCOPE_LINK = 253;
  private static final int RTN_UNICAST = 1;
  private static final int RTNH_F_ONLINK = 4;
  private static final int MAC_BYTES = 6;
  private static final int MAC_CHARS = 3 * MAC_BYTES - 1;

  /** What a request is about, for the error that nobody hopes for. */
  private record Request(String what, Object subject, byte[] message) {}

  private final NetlinkSocket socket;
  private final List<Request> requests = new ArrayList<>();

  Rtnetlink() throws IOException {
    socket = new NetlinkSocket(NetlinkSocket.ROUTE, 0);
  }

  /** Sets a link's address, MTU and name as far as asked, and has it up. A link that is renamed must be down. */
  void link(int index, NetworkInterface wanted, boolean rename) {
    add("set up link", wanted.getName(), linkMessage(nextSequence(), index, wanted, rename));
  }

  static byte[] linkMessage(int sequence, int index, NetworkInterface wanted, boolean rename) {
    NetlinkMessage message = new NetlinkMessage(NEW_LINK, 0, sequence)
        .u8(0).u8(0).u16(0).u32(index).u32(IFF_UP).u32(IFF_UP);
    if (!wanted.getMac().isEmpty()) {
      message.attribute(IFLA_ADDRESS, mac(wanted.getMac()));
    }
    if (wanted.getMtu() > 0) {
      message.attribute(IFLA_MTU, wanted.getMtu());
    }
    if (rename) {
      message.attribute(IFLA_IFNAME, wanted.getName());
    }
    return message.bytes();
  }

  /** Takes a link down; the kernel renames only links that are down. */
  void down(int index) {
    add("take down link", index, new NetlinkMessage(NEW_LINK, 0, nextSequence())
        .u8(0).u8(0).u16(0).u32(index).u32(0).u32(IFF_UP).bytes());
  }

  void address(int index, IpPrefix prefix) {
    add("add address", prefix, addressMessage(nextSequence(), index, prefix));
  }

  void removeAddress(int index, IpPrefix prefix) {
    add("remove address", prefix, new NetlinkMessage(DELETE_ADDRESS, 0, nextSequence())
        .u8(prefix.ipv6() ? AF_INET6 : AF_INET).u8(prefix.length()).u8(0).u8(RT_SCOPE_UNIVERSE).u32(index)
        .attribute(IFA_LOCAL, prefix.address()).bytes());
  }

  static byte[] addressMessage(int sequence, int index, IpPrefix prefix) {
    // The host has given the address to this pod alone: nothing is gained by asking the network for a second.
    NetlinkMessage message = new NetlinkMessage(NEW_ADDRESS, NetlinkMessage.CREATE | NetlinkMessage.REPLACE, sequence)
        .u8(prefix.ipv6() ? AF_INET6 : AF_INET).u8(prefix.length()).u8(prefix.ipv6() ? IFA_F_NODAD : 0)
        .u8(RT_SCOPE_UNIVERSE).u32(index)
        .attribute(IFA_LOCAL, prefix.address()).attribute(IFA_ADDRESS, prefix.address());
    if (!prefix.ipv6() && prefix.length() < 31) {
      message.attribute(IFA_BROADCAST, broadcast(prefix));
    }
    return message.bytes();
  }

  private static byte[] broadcast(IpPrefix prefix) {
    byte[] address = prefix.network().address();
    for (int bit = prefix.length(); bit < address.length * 8; bit++) {
      address[bit / 8] |= (byte) (0x80 >> (bit % 8));
    }
    return address;
  }

  void route(int index, Route route) {
    add("add route", route, routeMessage(nextSequence(), index, route));
  }

  static byte[] routeMessage(int sequence, int index, Route route) {
    boolean hasGateway = !route.getGateway().isEmpty();
    byte[] gateway = hasGateway ? IpPrefix.address(route.getGateway()) : new byte[0];
    IpPrefix destination = route.getDestination().isEmpty()
        ? new IpPrefix(new byte[route.getIpv6() || gateway.length == 16 ? 16 : 4], 0)
        : IpPrefix.parse(route.getDestination()).network();
    if (hasGateway && gateway.length != destination.address().length) {
      throw new AgentException.Invalid("route " + route.getDestination() + " and its gateway " + route.getGateway()
          + " are of different IP versions");
    }
    NetlinkMessage message = new NetlinkMessage(NEW_ROUTE, NetlinkMessage.CREATE | NetlinkMessage.REPLACE, sequence)
        .u8(destination.ipv6() ? AF_INET6 : AF_INET).u8(destination.length()).u8(0).u8(0)
        .u8(RT_TABLE_MAIN).u8(RTPROT_STATIC)
        .u8(hasGateway || destination.ipv6() ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK).u8(RTN_UNICAST)
        .u32(hasGateway && route.getOnlink() ? RTNH_F_ONLINK : 0);
    if (destination.length() > 0) {
      message.attribute(RTA_DST, destination.address());
    }
    if (hasGateway) {
      message.attribute(RTA_GATEWAY, gateway);
    }
    message.attribute(RTA_OIF, index);
    if (route.getMtu() > 0) {
      message.nested(RTA_METRICS, RTAX_MTU, route.getMtu());
    }
    return message.bytes();
  }

  static byte[] mac(String text) {
    boolean valid = text.length() == MAC_CHARS;
    for (int i = 0; valid && i < MAC_CHARS; i++) {
      valid = i % 3 == 2 ? text.charAt(i) == ':' : Ascii.isHexDigit(text.charAt(i));
    }
    if (!valid) {
      throw new AgentException.Invalid("\"" + text + "\" is no MAC address");
    }
    byte[] mac = new byte[MAC_BYTES];
    for (int i = 0; i < mac.length; i++) {
      mac[i] = (byte) (Character.digit(text.charAt(3 * i), 16) << 4 | Character.digit(text.charAt(3 * i + 1), 16));
    }
    return mac;
  }

  private int nextSequence() {
    return requests.size() + 1;
  }

  private void add(String what, Object subject, byte[] message) {
    requests.add(new Request(what, subject, message));
  }

  /**
   * Carries out what was asked for since the last time. What exists already is well.
   *
   * @throws LinuxException of the first request that failed; the others were carried out as far as possible
   */
  void apply() throws IOException {
    if (requests.isEmpty()) {
      return;
    }
    int length = 0;
    for (Request request : requests) {
      length += request.message().length;
    }
    byte[] all = new byte[length];
    int at = 0;
    for (Request request : requests) {
      if (request == requests.getLast()) {
        NetlinkMessage.askForAnswer(request.message());
      }
      System.arraycopy(request.message(), 0, all, at, request.message().length);
      at += request.message().length;
    }
    socket.send(all);
    LinuxException failure = null;
    NetlinkMessage.Answer answer;
    do {
      answer = NetlinkMessage.answer(socket.receive(), requests.size());
      if (answer != null && failure == null && answer.error() != 0 && answer.error() != Errno.EEXIST) {
        Request failed = requests.get(answer.sequence() - 1);
        failure = new LinuxException(failed.what() + " " + name(failed.subject()), answer.error());
      }
    } while (answer == null || answer.sequence() != requests.size());
    requests.clear();
    if (failure != null) {
      throw failure;
    }
  }

  private static String name(Object subject) {
    return subject instanceof Route route
        ? (route.getDestination().isEmpty() ? "default" : route.getDestination())
            + (route.getGateway().isEmpty() ? "" : " via " + route.getGateway())
        : subject.toString();
  }

  @Override
  public void close() {
    socket.close();
  }
}
