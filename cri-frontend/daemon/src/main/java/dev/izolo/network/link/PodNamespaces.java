package dev.izolo.network.link;

import dev.izolo.lifecycle.Concurrently;
import dev.izolo.linux.NetworkNamespace;
import dev.izolo.network.process.CommandException;
import dev.izolo.network.process.HostCommand;
import dev.izolo.network.process.HostTools;
import dev.izolo.network.process.Quote;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Named network namespaces and what is done in them. Names are those of {@code ip netns}, so that an operator can look
 * into a pod's with the usual tools.
 */
public final class PodNamespaces {
  /** The kernel's default for a new Ethernet-like link. */
  private static final int DEFAULT_MTU = 1500;

  /** Where {@code ip netns} keeps them; fixed in iproute2. */
  private static final Path DIRECTORY = Path.of("/run/netns");

  private static final String PACKAGE = "iproute2";

  /** How links made from then on get their link-local addresses (ip-sysctl.rst); 1 is not at all. */
  private static final Path NEW_LINKS_ADDRESSES = Path.of("/proc/sys/net/ipv6/conf/default/addr_gen_mode");

  private static final String NO_ADDRESS = "1";

  public Path path(String name) {
    return DIRECTORY.resolve(name);
  }

  /** Makes an empty namespace. */
  public void create(String name) throws LinkException, InterruptedException {
    ip("make network namespace " + name, "", "netns", "add", name);
  }

  /**
   * Brings up the loopback and makes a persistent tap. No link of the namespace, those made later included, gets a
   * link-local IPv6 address: the host's stack must not speak to the guest on the tap, nor in the guest's place on what
   * the network's plugins make. And plugins that wait until addresses are no longer tentative, looking every 50 ms, find
   * one less to wait for.
   */
  public void addTap(String name, String tap) throws LinkException, InterruptedException {
    boolean ipv6 = Files.exists(Path.of("/proc/sys/net/ipv6"));
    if (ipv6) {
      giveLinksNoAddresses(name);
    }
    String batch =
        "link set dev lo up\ntuntap add dev %1$s mode tap\nlink set dev %1$s up\n".formatted(tap);
    ip("make tap %s in network namespace %s".formatted(tap, name), batch, "-netns", name, "-batch", "-");
  }

  private void giveLinksNoAddresses(String name) throws LinkException, InterruptedException {
    try {
      NetworkNamespace.call(
          path(name), () -> Files.writeString(NEW_LINKS_ADDRESSES, NO_ADDRESS, StandardOpenOption.WRITE), _ -> {});
    } catch (IOException e) {
      throw new LinkException(
          "could not turn off link-local addresses in network namespace %s: %s".formatted(name, e.getMessage()), e);
    }
  }

  /**
   * Hands every frame that arrives on one of the two links out of the other, before the host's stack sees it: it
   * answers neither ARP nor neighbour discovery for the addresses that the interface keeps. The tap gets the
   * interface's MTU.
   *
   * @return what the interface has, or nothing if there is no such interface
   */
  public Optional<NamespaceState> connect(String name, String interfaceName, String tap)
      throws LinkException, InterruptedException {
    var failure = new AtomicReference<LinkException>();
    Optional<NamespaceState> state = sideBySide(
        () -> read(name, interfaceName),
        () -> {
          try {
            redirect(name, interfaceName, tap);
          } catch (LinkException e) {
            failure.set(e);
          }
          return Optional.empty();
        });
    if (state.isEmpty()) {
      // Without the interface there is nothing to redirect, either.
      return state;
    }
    if (failure.get() != null) {
      throw failure.get();
    }
    if (state.get().mtu() != DEFAULT_MTU) {
      String mtu = Integer.toString(state.get().mtu());
      ip("set the MTU of " + tap + " in network namespace " + name, "", "-netns", name, "link", "set", "dev", tap,
          "mtu", mtu);
    }
    return state;
  }

  /** The first one's result; they are two programs of some milliseconds each, for which a pod waits. */
  private static Optional<NamespaceState> sideBySide(
      Callable<Optional<NamespaceState>> first, Callable<Optional<NamespaceState>> second)
      throws LinkException, InterruptedException {
    try {
      return Concurrently.all(List.of(first, second)).getFirst();
    } catch (LinkException | InterruptedException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError("links fail by their own exception alone", e);
    }
  }

  private Optional<NamespaceState> read(String name, String interfaceName) throws LinkException, InterruptedException {
    String what = "read the addresses and routes of network namespace " + name;
    byte[] json =
        ip(what, "address show\nroute show table all\n", "-netns", name, "-json", "-details", "-batch", "-");
    try {
      return NamespaceReader.read(json, interfaceName);
    } catch (IOException e) {
      throw new LinkException("could not %s: %s".formatted(what, e.getMessage()), e);
    }
  }

  private static void redirect(String name, String interfaceName, String tap)
      throws LinkException, InterruptedException {
    String what = "redirect traffic between %s and %s in network namespace %s".formatted(interfaceName, tap, name);
    String batch =
        "qdisc add dev %1$s ingress\nqdisc add dev %2$s ingress\n%3$s%4$s"
            .formatted(interfaceName, tap, filter(interfaceName, tap), filter(tap, interfaceName));
    run(what, "tc", batch, "-netns", name, "-batch", "-");
  }

  private static String filter(String from, String to) {
    return "filter add dev %s parent ffff: protocol all u32 match u8 0 0 action mirred egress redirect dev %s\n"
        .formatted(from, to);
  }

  /** Whether the tap has its half of a redirection. */
  public boolean redirects(String name, String tap) throws LinkException, InterruptedException {
    byte[] qdiscs = run("look at " + tap, "tc", "", "-netns", name, "qdisc", "show", "dev", tap);
    return new String(qdiscs, StandardCharsets.UTF_8).contains("ingress");
  }

  /** Takes the tap's half of a redirection back; the other half goes with its interface. */
  public void stopRedirect(String name, String tap) throws LinkException, InterruptedException {
    run("stop redirecting " + tap, "tc", "", "-netns", name, "qdisc", "del", "dev", tap, "ingress");
  }

  /** Whether there is something of that name, usable or not. */
  public boolean exists(String name) {
    return Files.exists(path(name), LinkOption.NOFOLLOW_LINKS);
  }

  /** Whether the namespace is there and mounted; a daemon killed while making one leaves a plain file. */
  public boolean isUsable(String name) {
    try {
      return exists(name)
          && !Files.getAttribute(path(name), "unix:dev").equals(Files.getAttribute(DIRECTORY, "unix:dev"));
    } catch (IOException gone) {
      return false;
    }
  }

  /** Removes the namespace; what runs in it keeps it alive, nameless, until it ends. Nothing to do if it is gone. */
  public void remove(String name) throws LinkException, InterruptedException {
    if (!exists(name)) {
      return;
    }
    try {
      ip("remove network namespace " + name, "", "netns", "delete", name);
    } catch (LinkException e) {
      if (exists(name)) {
        throw e;
      }
    }
  }

  private static byte[] ip(String what, String stdin, String... arguments)
      throws LinkException, InterruptedException {
    return run(what, "ip", stdin, arguments);
  }

  private static byte[] run(String what, String program, String stdin, String... arguments)
      throws LinkException, InterruptedException {
    try {
      HostCommand.Outcome outcome =
          HostCommand.of(HostTools.require(program, PACKAGE), arguments).run(stdin.getBytes(StandardCharsets.UTF_8));
      if (!outcome.succeeded()) {
        throw new LinkException(
            "could not %s: %s: %s".formatted(what, program, Quote.of(outcome.stderr())), null);
      }
      return outcome.stdout();
    } catch (CommandException e) {
      throw new LinkException("could not %s: %s".formatted(what, e.getMessage()), e);
    }
  }
}
