package dev.izolo.sandbox;

import com.google.protobuf.ByteString;
import dev.izolo.agent.v1.ConfigureSandboxRequest;
import dev.izolo.agent.v1.NetworkInterface;
import dev.izolo.agent.v1.Route;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.network.PodNetworks.Attachment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a VM is told to become one pod: fresh randomness, the time, its names and its network. */
public final class GuestIdentity {
  private static final Logger log = LoggerFactory.getLogger(GuestIdentity.class);
  private static final int ENTROPY_BYTES = 64;
  private static final int MACHINE_ID_BYTES = 16;
  private static final long SHM_BYTES = 64L << 20;

  private final SecureRandom random = new SecureRandom();
  private final Path hostResolvConf;

  /** @param hostResolvConf where a pod without dns_config gets its resolver from */
  public GuestIdentity(Path hostResolvConf) {
    this.hostResolvConf = hostResolvConf;
  }

  public ConfigureSandboxRequest request(String sandboxId, PodSandboxConfig pod, Attachment network) {
    byte[] entropy = new byte[ENTROPY_BYTES];
    random.nextBytes(entropy);
    byte[] machineId = new byte[MACHINE_ID_BYTES];
    random.nextBytes(machineId);
    String hostname = pod.getHostname().isEmpty() ? sandboxId.substring(0, 12) : pod.getHostname();
    Instant now = Instant.now();
    var request =
        ConfigureSandboxRequest.newBuilder()
            .setSandboxId(sandboxId)
            .setHostname(hostname)
            .setMachineId(HexFormat.of().formatHex(machineId))
            .setClockUnixNanos(now.getEpochSecond() * 1_000_000_000L + now.getNano())
            .setEntropy(ByteString.copyFrom(entropy))
            .setDns(ResolvConf.choose(pod.getDnsConfig(), network.dns(), hostResolver()))
            .putAllSysctls(pod.getLinux().getSysctlsMap())
            .setShmSizeBytes(SHM_BYTES)
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

  private static Route route(dev.izolo.network.PodNetworks.Route route) {
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
