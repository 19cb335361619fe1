package dev.izolo.agent.sandbox;

import dev.izolo.agent.linux.LinuxException;
import dev.izolo.agent.v1.Dns;
import dev.izolo.agent.v1.NetworkInterface;
import dev.izolo.agent.v1.Route;
import java.io.IOException;
import java.util.Map;

/** Runs what configuring a sandbox runs, on a link that no machine has, so that nothing changes anywhere. */
public final class SandboxTraining {
  private static final int NO_LINK = Integer.MAX_VALUE;

  private SandboxTraining() {}

  public static void run() throws IOException {
    SandboxFiles.checkHostname("trained");
    SandboxFiles.checkMachineId("0123456789abcdef0123456789abcdef");
    SandboxFiles.resolvConf(
        Dns.newBuilder().addServers("192.0.2.1").addSearches("example.org").addOptions("ndots:5").build());
    Sysctls.path("net.ipv4.ip_forward");
    new Sysctls(java.nio.file.Path.of("/nowhere")).apply(Map.of());
    GuestNetwork.checkName("eth0");
    NetworkInterface link = NetworkInterface.newBuilder().setName("none0").setMac("02:00:00:00:00:01").setMtu(1500).build();
    try (Rtnetlink netlink = new Rtnetlink()) {
      netlink.link(NO_LINK, link, true);
      netlink.down(NO_LINK);
      netlink.address(NO_LINK, IpPrefix.parse("192.0.2.2/24"));
      netlink.address(NO_LINK, IpPrefix.parse("2001:db8::2/64"));
      netlink.removeAddress(NO_LINK, IpPrefix.parse("192.0.2.2/24"));
      netlink.route(NO_LINK, Route.newBuilder().setGateway("192.0.2.1").build());
      netlink.route(NO_LINK, Route.newBuilder().setDestination("2001:db8:1::/48").build());
      netlink.apply();
      throw new IOException("the kernel changed a link that does not exist");
    } catch (LinuxException e) {
      // As it must be: there is no such link.
      return;
    }
  }
}
