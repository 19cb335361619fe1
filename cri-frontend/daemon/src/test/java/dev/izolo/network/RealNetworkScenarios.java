package dev.izolo.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.network.PodNetworks.Attachment;
import dev.izolo.network.PodNetworks.PodIdentity;
import dev.izolo.network.PodNetworks.PodNetwork;
import dev.izolo.network.PodNetworks.PortMapping;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * What {@link RealNetworksTest} runs in a private network namespace: real plugins, real links, and, where traffic
 * matters, a namespace that stands in for the guest behind the tap.
 */
final class RealNetworkScenarios {
  private static final List<Path> PLUGINS = List.of(Path.of("/usr/lib/cni"));

  private final Path directory;
  private final CniPodNetworks networks;

  private RealNetworkScenarios(Path directory) throws IOException {
    this.directory = directory;
    this.networks = networks(true);
  }

  private CniPodNetworks networks(boolean defaultNetwork) throws IOException {
    return new CniPodNetworks(
        new NetworkSettings(
            Files.createDirectories(directory.resolve("net.d")), PLUGINS, directory.resolve("state"),
            Duration.ofSeconds(30), defaultNetwork));
  }

  public static void main(String[] args) throws Exception {
    if (args[0].equals("serve")) {
      serve(Integer.parseInt(args[1]), args[2]);
      return;
    }
    RealNetworkScenarios scenarios = new RealNetworkScenarios(Path.of(args[1]));
    switch (args[0]) {
      case "life" -> scenarios.life();
      case "traffic" -> scenarios.traffic();
      case "failedAdd" -> scenarios.failedAdd();
      case "cancelled" -> scenarios.cancelled();
      case "restart" -> scenarios.restart();
      case "pointToPoint" -> scenarios.pointToPoint();
      case "partlyMade" -> scenarios.partlyMade();
      case "measure" -> scenarios.measure();
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static PodIdentity pod(String id) {
    return new PodIdentity("web", "default", "uid-" + id, id);
  }

  private Attachment attach(PodNetwork network) throws Exception {
    return networks.attach(network, pod(network.sandboxId()), List.of(), Map.of());
  }

  private void life() throws Exception {
    assertThat(networks.readiness().ready()).isTrue();
    PodNetwork network = networks.prepare("aa11");
    assertThat(networks.recorded()).containsExactly("aa11");
    assertThat(command("ip", "-n", "izolo-aa11", "link", "show", "tap0")).contains("UP");
    Attachment attachment = attach(network);
    assertThat(attachment.podIps()).hasSize(2);
    assertThat(command("ip", "-n", "izolo-aa11", "-6", "address", "show")).as("no voice of the host's own")
        .contains(attachment.podIps().get(1)).doesNotContain("fe80:");
    assertThat(attachment.podIps().get(0)).startsWith("10.222.0.");
    assertThat(attachment.podIps().get(1)).startsWith("fd7a:1201:0:222::");
    var eth0 = attachment.interfaces().getFirst();
    assertThat(eth0.name()).isEqualTo("eth0");
    assertThat(eth0.mac()).matches("([0-9a-f]{2}:){5}[0-9a-f]{2}");
    assertThat(eth0.mtu()).isEqualTo(1500);
    assertThat(eth0.addresses()).containsExactlyInAnyOrder(
        attachment.podIps().get(0) + "/16", attachment.podIps().get(1) + "/64");
    assertThat(attachment.routes())
        .extracting(PodNetworks.Route::destination, PodNetworks.Route::gateway)
        .containsExactlyInAnyOrder(
            org.assertj.core.groups.Tuple.tuple("", "10.222.0.1"),
            org.assertj.core.groups.Tuple.tuple("", "fd7a:1201:0:222::1"));
    assertThat(command("tc", "-n", "izolo-aa11", "filter", "show", "dev", "eth0", "parent", "ffff:"))
        .contains("Egress Redirect to device tap0");
    assertThat(command("tc", "-n", "izolo-aa11", "filter", "show", "dev", "tap0", "parent", "ffff:"))
        .contains("Egress Redirect to device eth0");
    assertThatThrownBy(() -> attach(network)).isInstanceOf(NetworkException.HostFailed.class);
    networks.release("aa11");
    assertNothingLeft();
    networks.release("aa11");
  }

  /** The guest's side of the tap is played by a namespace whose link is a veth called tap0 on the pod's side. */
  private void traffic() throws Exception {
    PodNetwork network = networks.prepare("bb22");
    command("ip", "-n", "izolo-bb22", "link", "del", "tap0");
    command("ip", "netns", "add", "guest");
    command("ip", "-n", "guest", "link", "set", "lo", "up");
    command("ip", "-n", "izolo-bb22", "link", "add", "tap0", "type", "veth", "peer", "name", "eth0", "netns", "guest");
    command("ip", "-n", "izolo-bb22", "link", "set", "tap0", "up");
    Attachment attachment =
        networks.attach(network, pod("bb22"), List.of(new PortMapping("TCP", 8080, 18080, "")), Map.of());
    var eth0 = attachment.interfaces().getFirst();
    command("ip", "-n", "guest", "link", "set", "eth0", "address", eth0.mac());
    command("ip", "-n", "guest", "link", "set", "eth0", "mtu", Integer.toString(eth0.mtu()), "up");
    for (String address : eth0.addresses()) {
      List<String> add =
          new ArrayList<>(List.of("ip", "-n", "guest", "address", "add", address, "dev", "eth0"));
      if (address.contains(":")) {
        add.add("nodad");
      }
      command(add.toArray(String[]::new));
    }
    for (var route : attachment.routes()) {
      command("ip", "-n", "guest", route.ipv6() ? "-6" : "-4", "route", "add",
          route.destination().isEmpty() ? "default" : route.destination(), "via", route.gateway(), "dev", "eth0");
    }
    Process server =
        new ProcessBuilder(
                "nsenter", "--net=/run/netns/guest", ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"),
                RealNetworkScenarios.class.getName(), "serve", "8080", "from the guest")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertThat(server.getInputStream().read()).isEqualTo('.');
      awaitUsableBridgeAddresses();
      for (String ip : attachment.podIps()) {
        assertThat(fetch(ip, 8080)).isEqualTo("from the guest");
      }
      command("ip", "link", "add", "uplink", "type", "bridge");
      command("ip", "address", "add", "192.0.2.1/24", "dev", "uplink");
      command("ip", "link", "set", "uplink", "up");
      assertThat(fetch("192.0.2.1", 18080)).as("through the host port").isEqualTo("from the guest");
      assertThat(command("ip", "-n", "guest", "-6", "address", "show", "dev", "eth0")).doesNotContain("dadfailed");
      assertThat(command("ip", "-n", "izolo-bb22", "neigh", "show", "dev", "eth0"))
          .as("the host's stack behind eth0 sees none of the pod's traffic").doesNotContain("REACHABLE");
    } finally {
      server.destroyForcibly().waitFor();
    }
    networks.release("bb22");
    command("ip", "netns", "del", "guest");
    assertNothingLeft();
    assertThat(command("iptables-save", "-t", "nat")).doesNotContain("18080");
  }

  private void failedAdd() throws Exception {
    CniPodNetworks refusing =
        withSecondPlugin("if [ \"$CNI_COMMAND\" = ADD ]; then echo '{\"code\": 11, \"msg\": \"not today\"}'; exit 1; fi");
    PodNetwork network = refusing.prepare("cc33");
    assertThatThrownBy(() -> refusing.attach(network, pod("cc33"), List.of(), Map.of()))
        .isInstanceOf(NetworkException.PluginFailed.class)
        .hasMessageContaining("second")
        .hasMessageContaining("not today");
    assertAsPrepared("cc33");
    Files.delete(directory.resolve("net.d/10-net.conflist"));
    attach(network);
    networks.release("cc33");
    assertNothingLeft();
  }

  private void cancelled() throws Exception {
    Path started = directory.resolve("started");
    command("mkfifo", started.toString());
    CniPodNetworks slow =
        withSecondPlugin("if [ \"$CNI_COMMAND\" = ADD ]; then echo x > %s; sleep 600; fi".formatted(started));
    PodNetwork network = slow.prepare("9977");
    FutureTask<Attachment> attach = new FutureTask<>(() -> slow.attach(network, pod("9977"), List.of(), Map.of()));
    Thread caller = Thread.ofVirtual().start(attach);
    assertThat(Files.readString(started)).isEqualTo("x\n");
    assertThat(leases()).as("the first plugin has given addresses").hasSize(2);
    caller.interrupt();
    assertThatThrownBy(attach::get).hasCauseInstanceOf(InterruptedException.class);
    assertAsPrepared("9977");
    slow.release("9977");
    assertNothingLeft();
  }

  private CniPodNetworks withSecondPlugin(String script) throws IOException {
    Path plugin = Files.createDirectories(directory.resolve("bin")).resolve("second");
    Files.writeString(plugin, "#!/bin/sh\n" + script + "\n");
    assertThat(plugin.toFile().setExecutable(true)).isTrue();
    Path configurations = Files.createDirectories(directory.resolve("net.d"));
    Files.writeString(
        configurations.resolve("10-net.conflist"),
        new String(DefaultNetwork.shipped(), StandardCharsets.UTF_8)
            .replace("\"type\": \"portmap\"", "\"type\": \"second\""));
    return new CniPodNetworks(
        new NetworkSettings(
            configurations, List.of(PLUGINS.getFirst(), plugin.getParent()), directory.resolve("state"),
            Duration.ofSeconds(30), false));
  }

  private static void assertAsPrepared(String id) throws Exception {
    assertThat(leases()).isEmpty();
    assertThat(command("ip", "-n", "izolo-" + id, "link", "show")).contains("tap0").doesNotContain("eth0");
    assertThat(command("tc", "-n", "izolo-" + id, "qdisc", "show", "dev", "tap0")).doesNotContain("ingress");
  }

  private void restart() throws Exception {
    attach(networks.prepare("dd44"));
    assertThat(leases()).hasSize(2);
    command("ip", "netns", "delete", "izolo-dd44");
    CniPodNetworks after = networks(false);
    assertThat(after.recorded()).containsExactly("dd44");
    after.release("dd44");
    assertNothingLeft();
  }

  private void pointToPoint() throws Exception {
    Files.writeString(
        Files.createDirectories(directory.resolve("net.d")).resolve("10-ptp.conflist"),
        """
        {"cniVersion": "0.4.0", "name": "p2p", "plugins": [{"type": "ptp", "mtu": 1400, "ipam": {
          "type": "host-local", "dataDir": "/var/lib/cni/networks", "subnet": "10.223.0.0/24",
          "routes": [{"dst": "0.0.0.0/0"}]}}]}
        """);
    Attachment attachment = attach(networks.prepare("ee55"));
    var eth0 = attachment.interfaces().getFirst();
    assertThat(eth0.mtu()).isEqualTo(1400);
    assertThat(eth0.addresses()).as("no prefix: its neighbours are not on the link").containsExactly("10.223.0.2/32");
    assertThat(attachment.routes().getFirst())
        .isEqualTo(new PodNetworks.Route("10.223.0.1/32", "", "eth0", 0, false));
    assertThat(attachment.routes().getLast()).isEqualTo(new PodNetworks.Route("", "10.223.0.1", "eth0", 0, false));
    assertThat(command("ip", "-n", "izolo-ee55", "link", "show", "tap0")).contains("mtu 1400");
    networks.release("ee55");
    assertNothingLeft();
  }

  private void partlyMade() throws Exception {
    attach(networks.prepare("ff66"));
    command("umount", "/run/netns/izolo-ff66");
    networks.release("ff66");
    assertNothingLeft();
    networks.prepare("ff66");
    Files.writeString(directory.resolve("state/ff66.json"), "{\"version\":");
    networks.release("ff66");
    assertNothingLeft();
  }

  private void measure() throws Exception {
    long[][] nanos = new long[3][11];
    for (int i = 0; i < nanos[0].length; i++) {
      String id = "m" + i;
      PodNetwork[] network = new PodNetwork[1];
      nanos[0][i] = timed(() -> network[0] = networks.prepare(id));
      nanos[1][i] = timed(() -> attach(network[0]));
      nanos[2][i] = timed(() -> {
        networks.release(id);
        return null;
      });
    }
    for (int phase = 0; phase < 3; phase++) {
      long[] sorted = Arrays.copyOfRange(nanos[phase], 1, nanos[phase].length);
      Arrays.sort(sorted);
      System.out.printf("%s: first %.1f ms, then median %.1f ms, best %.1f ms%n",
          List.of("prepare", "attach", "release").get(phase), nanos[phase][0] / 1e6,
          sorted[sorted.length / 2] / 1e6, sorted[0] / 1e6);
    }
  }

  private static long timed(Callable<?> work) throws Exception {
    LongSupplier clock = System::nanoTime;
    long from = clock.getAsLong();
    work.call();
    return clock.getAsLong() - from;
  }

  private void assertNothingLeft() throws Exception {
    assertThat(networks.recorded()).isEmpty();
    assertThat(command("ip", "netns", "list")).isBlank();
    assertThat(command("ip", "link", "show", "type", "veth")).isBlank();
    assertThat(leases()).isEmpty();
    try (Stream<Path> files = Files.list(directory.resolve("state"))) {
      assertThat(files).isEmpty();
    }
  }

  private static List<String> leases() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("/var/lib/cni"))) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> file.getFileName().toString())
          .filter(name -> name.matches("[0-9a-f].*[.:].*"))
          .toList();
    }
  }

  private static String command(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as("%s: %s", String.join(" ", command), printed).isZero();
    return printed;
  }

  /** A new bridge's IPv6 address is no source while the kernel looks for duplicates; there is no event to wait on. */
  private static void awaitUsableBridgeAddresses() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!command("ip", "-6", "address", "show", "dev", "izolo0", "tentative").isBlank()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(50);
    }
  }

  private static void serve(int port, String words) throws IOException {
    try (ServerSocket server = new ServerSocket(port)) {
      System.out.print('.');
      System.out.flush();
      while (true) {
        try (Socket client = server.accept()) {
          client.getOutputStream().write(words.getBytes(StandardCharsets.UTF_8));
        }
      }
    }
  }

  /** Not by a socket of this JVM: the JDK reads IPv6 routes once, when there were none but the loopback's. */
  private static String fetch(String ip, int port) throws IOException, InterruptedException {
    return command("timeout", "10", "bash", "-c", "cat < /dev/tcp/%s/%d".formatted(ip, port));
  }
}
