package dev.izolo.sandbox;

import com.google.protobuf.ByteString;
import dev.izolo.agent.v1.ConfigureSandboxRequest;
import dev.izolo.agent.v1.NetworkInterface;
import dev.izolo.agent.v1.PrepareSandboxRequest;
import dev.izolo.agent.v1.Route;
import dev.izolo.cri.v1.DNSConfig;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.network.PodNetworks;
import dev.izolo.network.PodNetworks.Attachment;
import dev.izolo.network.PodNetworks.Dns;
import dev.izolo.network.PodNetworks.Interface;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a VM is told to become one sandbox: first what makes it unlike every other, then what makes it the pod's. */
public final class GuestIdentity {
  private static final Logger log = LoggerFactory.getLogger(GuestIdentity.class);
  private static final int ENTROPY_BYTES = 64;
  private static final int MACHINE_ID_BYTES = 16;
  private static final long SHM_BYTES = 64L << 20;

  /** With addresses for documentation (RFC 5737, RFC 3849), which no network has. */
  private static final Attachment REHEARSED_NETWORK =
      new Attachment(
          List.of(new Interface("eth0", "02:00:00:00:00:01", 1500, List.of("192.0.2.2/24", "2001:db8::2/64"))),
          List.of(
              new PodNetworks.Route("", "192.0.2.1", "eth0", 0, false),
              new PodNetworks.Route("", "2001:db8::1", "eth0", 0, true)),
          new Dns(List.of(), List.of(), List.of()),
          List.of("192.0.2.2", "2001:db8::2"));

  private static final PodSandboxConfig REHEARSED_POD =
      PodSandboxConfig.newBuilder()
          .setHostname("rehearsal")
          .setDnsConfig(
              DNSConfig.newBuilder().addServers("192.0.2.3").addSearches("svc.cluster.local").addOptions("ndots:5"))
          .build();

  private final SecureRandom random = new SecureRandom();
  private final Path hostResolvConf;

  /** @param hostResolvConf where a pod without dns_config gets its resolver from */
  public GuestIdentity(Path hostResolvConf) {
    this.hostResolvConf = hostResolvConf;
  }

  /**
   * Fresh randomness, an identity and the time: for a VM that has just started, whether or not its pod is known.
   */
  public PrepareSandboxRequest preparation(String sandboxId) {
    byte[] entropy = new byte[ENTROPY_BYTES];
    random.nextBytes(entropy);
    byte[] machineId = new byte[MACHINE_ID_BYTES];
    random.nextBytes(machineId);
    return PrepareSandboxRequest.newBuilder()
        .setSandboxId(sandboxId)
        .setMachineId(HexFormat.of().formatHex(machineId))
        .setClockUnixNanos(unixNanos())
        .setEntropy(ByteString.copyFrom(entropy))
        .setShmSizeBytes(SHM_BYTES)
        .build();
  }

  /** The pod's names and its network, for a VM that is prepared. */
  public ConfigureSandboxRequest configuration(String sandboxId, PodSandboxConfig pod, Attachment network) {
    String hostname = pod.getHostname().isEmpty() ? sandboxId.substring(0, 12) : pod.getHostname();
    var request =
        ConfigureSandboxRequest.newBuilder()
            .setSandboxId(sandboxId)
            .setHostname(hostname)
            .setClockUnixNanos(unixNanos())
            .setDns(ResolvConf.choose(pod.getDnsConfig(), network.dns(), hostResolver()))
            .putAllSysctls(pod.getLinux().getSysctlsMap())
            .setHostsFile(hostsFile(hostname, network));
    network
        .interfaces()
        .forEach(
            i ->
                request.addInterfaces(
                    NetworkInterface.newBuilder()
                        .setName(i.name())
                        .setMac(i.mac())
                        .setMtu(i.mtu())
                        .addAllAddresses(i.addresses())));
    network.routes().forEach(r -> request.addRoutes(route(r)));
    return request.build();
  }

  /** A pod's configuration as they come, that no pod has: for a prepared VM, which stays so, to have done it once. */
  public ConfigureSandboxRequest rehearsal(String sandboxId) {
    return configuration(sandboxId, REHEARSED_POD, REHEARSED_NETWORK).toBuilder().setRehearsal(true).build();
  }

  private static long unixNanos() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }

  private static Route route(PodNetworks.Route route) {
    return Route.newBuilder()
        .setDestination(route.destination())
        .setGateway(route.gateway())
        .setInterfaceName(route.interfaceName())
        .setMtu(route.mtu())
        .setIpv6(route.ipv6())
        .build();
  }

  private static String hostsFile(String hostname, Attachment network) {
    var hosts =
        new StringBuilder("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\n");
    hosts.append("ff02::2\tip6-allrouters\n");
    network.podIps().forEach(ip -> hosts.append(ip).append('\t').append(hostname).append('\n'));
    return hosts.toString();
  }

  private String hostResolver() {
    try {
      return Files.readString(hostResolvConf);
    } catch (IOException e) {
      log.warn("cannot read {}, pods without dns_config get no resolver: {}", hostResolvConf, e.toString());
      return "";
    }
  }
}
