package dev.izolo.agent.sandbox;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.AgentPaths;
import dev.izolo.agent.linux.Machine;
import dev.izolo.agent.linux.Mounts;
import dev.izolo.agent.v1.ConfigureSandboxRequest;
import dev.izolo.agent.v1.NetworkInterface;
import dev.izolo.agent.v1.Route;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Applies a sandbox's configuration to the VM, in an order that never shows a workload half of it. */
public final class SandboxConfigurator {
  private static final int MIN_ENTROPY_BYTES = 32;
  private static final int LOOPBACK_INDEX = 1;
  private static final List<String> FILES = List.of("machine-id", "hostname", "resolv.conf", "hosts");

  private final AgentPaths paths;
  private boolean configured;

  public SandboxConfigurator(AgentPaths paths) {
    this.paths = paths;
  }

  /** Once per VM life, but for {@link #forget}. Errors name the step; the VM is then of no use. */
  public synchronized void configure(ConfigureSandboxRequest request) {
    if (configured) {
      throw new AgentException.Refused("this VM is a sandbox already");
    }
    check(request);
    // Plain statements: this runs once in a VM's life, and a lambda for each step is a class made then.
    String step = "add entropy";
    try {
      Machine.addEntropy(request.getEntropy().toByteArray());
      step = "set the clock";
      if (request.getClockUnixNanos() != 0) {
        Machine.setClock(request.getClockUnixNanos());
      }
      step = "write the sandbox's files";
      writeFiles(request);
      step = "set the hostname";
      Machine.setHostname(request.getHostname());
      step = "set up the network";
      configureNetwork(request);
      step = "apply sysctls";
      new Sysctls(Path.of("/proc/sys")).apply(request.getSysctlsMap());
      step = "mount the shared memory";
      mountSharedMemory(request.getShmSizeBytes());
    } catch (IOException e) {
      throw new AgentException.Failed("configure the sandbox: " + step, e);
    }
    configured = true;
  }

  /**
   * Makes a VM that was configured as a rehearsal, with IPv6 addresses and routes at most, configurable again: those go
   * as their link goes down. Hostname, clock, sysctls and the link's own address stay until then.
   */
  public synchronized void forget() throws IOException {
    if (!configured) {
      return;
    }
    Mounts.unmount(paths.sandbox().resolve("shm"));
    for (String file : FILES) {
      Files.deleteIfExists(paths.sandbox().resolve(file));
    }
    try (Rtnetlink netlink = new Rtnetlink()) {
      for (Link link : links()) {
        netlink.down(link.index());
      }
    }
    configured = false;
  }

  private static void check(ConfigureSandboxRequest request) {
    SandboxFiles.checkHostname(request.getHostname());
    SandboxFiles.checkMachineId(request.getMachineId());
    if (request.getEntropy().size() < MIN_ENTROPY_BYTES) {
      throw new AgentException.Invalid("a sandbox needs at least " + MIN_ENTROPY_BYTES + " bytes of entropy, not "
          + request.getEntropy().size());
    }
    if (request.getShmSizeBytes() < 0) {
      throw new AgentException.Invalid("the size of the shared memory is negative");
    }
  }

  private void writeFiles(ConfigureSandboxRequest request) throws IOException {
    Path sandbox = Files.createDirectories(paths.sandbox());
    Files.writeString(sandbox.resolve("machine-id"), request.getMachineId() + "\n");
    Files.writeString(sandbox.resolve("hostname"), request.getHostname() + "\n");
    Files.writeString(sandbox.resolve("resolv.conf"), SandboxFiles.resolvConf(request.getDns()));
    Files.writeString(sandbox.resolve("hosts"), request.getHostsFile());
  }

  private void mountSharedMemory(long sizeBytes) throws IOException {
    Path shm = Files.createDirectories(paths.sandbox().resolve("shm"));
    Mounts.mount("shm", shm, "tmpfs", Mounts.NO_SUID | Mounts.NO_DEV | Mounts.NO_EXEC,
        "mode=1777" + (sizeBytes > 0 ? ",size=" + sizeBytes : ""));
  }

  private static void configureNetwork(ConfigureSandboxRequest request) throws IOException {
    try (Rtnetlink netlink = new Rtnetlink()) {
      netlink.link(LOOPBACK_INDEX, NetworkInterface.newBuilder().setName("lo").build(), false);
      List<Link> links = links();
      if (request.getInterfacesCount() > links.size()) {
        throw new AgentException.Refused("the sandbox has " + request.getInterfacesCount()
            + " interfaces and the VM has " + links.size());
      }
      Map<String, Integer> indexes = new HashMap<>();
      for (int i = 0; i < request.getInterfacesCount(); i++) {
        NetworkInterface wanted = request.getInterfaces(i);
        Link link = links.get(i);
        checkName(wanted.getName());
        boolean rename = !wanted.getName().equals(link.name());
        if (rename) {
          netlink.down(link.index());
        }
        netlink.link(link.index(), wanted, rename);
        for (String address : wanted.getAddressesList()) {
          netlink.address(link.index(), IpPrefix.parse(address));
        }
        indexes.put(wanted.getName(), link.index());
      }
      addRoutes(netlink, request.getRoutesList(), indexes);
    }
  }

  /** Routes without a gateway first: they may be what makes another's gateway reachable. */
  private static void addRoutes(Rtnetlink netlink, List<Route> routes, Map<String, Integer> indexes)
      throws IOException {
    addRoutes(netlink, routes, indexes, false);
    addRoutes(netlink, routes, indexes, true);
  }

  private static void addRoutes(Rtnetlink netlink, List<Route> routes, Map<String, Integer> indexes, boolean gateways)
      throws IOException {
    for (Route route : routes) {
      if (route.getGateway().isEmpty() == gateways) {
        continue;
      }
      Integer index = route.getInterfaceName().isEmpty() && indexes.size() == 1
          ? indexes.values().iterator().next()
          : indexes.get(route.getInterfaceName());
      if (index == null) {
        throw new AgentException.Invalid("a route names the interface \"" + route.getInterfaceName()
            + "\", which the sandbox does not have");
      }
      netlink.route(index, route);
    }
  }

  static void checkName(String name) {
    if (!name.matches("[A-Za-z0-9_.-]{1,15}") || name.equals(".") || name.equals("..")) {
      throw new AgentException.Invalid("\"" + name + "\" is no interface name");
    }
  }

  private record Link(String name, int index) {}

  /** The VM's network devices in the order of their places on the bus. */
  private static List<Link> links() throws IOException {
    TreeMap<String, Link> links = new TreeMap<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/sys/class/net"))) {
      for (Path link : all) {
        Path device = link.resolve("device");
        if (Files.exists(device)) {
          links.put(device.toRealPath() + " " + link.getFileName(), new Link(link.getFileName().toString(),
              Integer.parseInt(Files.readString(link.resolve("ifindex")).strip())));
        }
      }
    }
    return new ArrayList<>(links.values());
  }
}
