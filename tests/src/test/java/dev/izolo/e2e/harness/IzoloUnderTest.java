package dev.izolo.e2e.harness;

import dev.izolo.cri.v1.LinuxPodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * One node with a registry and a serving daemon for a test class, and the leak audit around each of its tests and
 * around the whole class. A failed test is reported with the end of the daemon's log.
 */
public final class IzoloUnderTest implements BeforeAllCallback, AfterAllCallback, BeforeEachCallback, AfterEachCallback {
  private final Map<String, OciImage> images;
  private final UnaryOperator<DaemonConfig> configured;
  private final boolean audited;
  private Artefacts artefacts;
  private Node node;
  private Registry registry;
  private Daemon daemon;
  private Cri cri;
  private LeakAudit audit;
  private LeakAudit.Snapshot beforeAll;
  private LeakAudit.Snapshot beforeEach;
  private Path cgroupParent;
  private final Set<Long> servers = new HashSet<>();

  private IzoloUnderTest(Map<String, OciImage> images, UnaryOperator<DaemonConfig> configured, boolean audited) {
    this.images = images;
    this.configured = configured;
    this.audited = audited;
  }

  /** A daemon that has pulled these images, each named by its repository with the tag "test". */
  public static IzoloUnderTest with(Map<String, OciImage> images) {
    return new IzoloUnderTest(images, config -> config, true);
  }

  /** The same with the config changed. */
  public IzoloUnderTest configured(UnaryOperator<DaemonConfig> change) {
    return new IzoloUnderTest(images, change, audited);
  }

  /** The same for a daemon that makes and ends things by itself: the test looks itself whether anything is left. */
  public IzoloUnderTest unaudited() {
    return new IzoloUnderTest(images, configured, false);
  }

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    artefacts = Artefacts.required();
    node = Node.create();
    CniConfig.write(home().resolve("cni"), leases());
    registry = Registry.start(node);
    images.forEach((repository, image) -> registry.push(repository, "test", image));
    servers.addAll(node.processes());
    cgroupParent = Path.of("izolo-e2e", node.root().getFileName().toString());
    daemon = Daemon.launch(node, home(), configured.apply(DaemonConfig.in(home(), artefacts)));
    daemon.awaitServing();
    cri = Cri.connect(daemon.socket());
    for (String repository : images.keySet()) {
      cri.pull(reference(repository));
    }
    // the shipped image is imported behind the open socket
    Patience.until("the hello image to be imported", Patience.seconds(60), () -> cri.imageStatus("hello").hasImage());
    audit = new LeakAudit(node, List.of(home().resolve("s"), home().resolve("r"), leases()), cgroupParent,
        this::expectedProcesses, () -> daemon.isRunning() ? daemon.pid() : -1L, madeOnce(home(), leases()));
    beforeAll = audit.snapshot();
  }

  /**
   * What the first pod makes for all later ones: the bridge of the test's network, the address plugin's own files but no
   * lease, the port plugin's own chains but none of a pod, directories that hold what belongs to a pod or container, and
   * the file system that scratch disks are copied from. What is known about KVM comes with the first boot, too.
   */
  public static Predicate<String> madeOnce(Path home, Path leases) {
    String sandboxes = "s/sandboxes(/[0-9a-f]{64}/containers)?";
    return Pattern.compile(String.join("|",
        CniConfig.BRIDGE,
        "IPv[46] -A CNI-HOSTPORT-(MASQ|SETMARK) .*",
        "IPv[46] -A (OUTPUT|PREROUTING|POSTROUTING) .* -j CNI-HOSTPORT-(DNAT|MASQ)",
        Pattern.quote(leases.toString()) + "/izolo-e2e(/lock|/last_reserved_ip\\.[01])?",
        Pattern.quote(home.toString()) + "/(r/kvm-probe|r/uids|r/vms|r/sandboxes|s/network|" + sandboxes + "|s/scratch(/ext4-[0-9]+\\.img)?)"
    )).asMatchPredicate();
  }

  private Set<Long> expectedProcesses() {
    Set<Long> expected = new HashSet<>(servers);
    if (daemon.isRunning()) {
      expected.add(daemon.pid());
    }
    return expected;
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    beforeEach = audit.snapshot();
  }

  @Override
  public void afterEach(ExtensionContext context) {
    if (context.getExecutionException().isPresent()) {
      System.err.println("--- " + context.getDisplayName() + " failed; the daemon's last words:\n" + daemon.logTail(60));
      return;
    }
    if (audited) {
      audit.assertNothingLeaked(beforeEach, Patience.seconds(10));
    }
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    if (node == null) {
      return;
    }
    try {
      if (cri != null && daemon.isRunning()) {
        cri.removeAllPods();
        if (audited && context.getExecutionException().isEmpty() && beforeAll != null) {
          audit.assertNothingLeaked(beforeAll, Patience.seconds(10));
        }
      }
      if (context.getExecutionException().isPresent() && daemon != null) {
        System.err.println("--- " + context.getDisplayName() + " failed; the daemon's last words:\n" + daemon.logTail(60));
      }
    } finally {
      if (cri != null) {
        cri.close();
      }
      if (daemon != null) {
        daemon.close();
      }
      node.close();
      if (cgroupParent != null) {
        removeCgroups();
      }
    }
  }

  private void removeCgroups() throws IOException {
    for (Path hierarchy : LeakAudit.hierarchies()) {
      Path mine = hierarchy.resolve(cgroupParent);
      if (Files.isDirectory(mine)) {
        removeEmptyTree(mine);
        // another test run's pods may be in the parent, in which case it stays
        mine.getParent().toFile().delete();
      }
    }
  }

  private static void removeEmptyTree(Path cgroup) throws IOException {
    try (var entries = Files.list(cgroup)) {
      for (Path entry : entries.filter(Files::isDirectory).toList()) {
        removeEmptyTree(entry);
      }
    }
    Files.delete(cgroup);
  }

  /** Where the daemon's config, socket, state and log lie. */
  public Path home() {
    return node.root().resolve("h");
  }

  private Path leases() {
    return node.root().resolve("ipam");
  }

  /** Where pods' logs go. */
  public Path logs() {
    return node.root().resolve("logs");
  }

  public Artefacts artefacts() {
    return artefacts;
  }

  public Node node() {
    return node;
  }

  public Registry registry() {
    return registry;
  }

  public Daemon daemon() {
    return daemon;
  }

  public Cri cri() {
    return cri;
  }

  public LeakAudit audit() {
    return audit;
  }

  /** The reference of one of this class's images. */
  public static String reference(String repository) {
    return Registry.HOST + "/" + repository + ":test";
  }

  /** A pod's config; its cgroup lies where the audit looks. */
  public PodSandboxConfig.Builder podConfig() {
    return Cri.podConfig(logs())
        .setLinux(LinuxPodSandboxConfig.newBuilder().setCgroupParent("/" + cgroupParent));
  }

  /** Runs a pod as {@link #podConfig} has it. */
  public Pod runPod() {
    return cri.runPod(podConfig().build());
  }

  /** Starts a daemon again and connects to it. */
  public void restarted() {
    cri.close();
    daemon.start();
    daemon.awaitServing();
    cri = Cri.connect(daemon.socket());
  }

  /** QEMU processes of the node, by the host's pids. */
  public List<Long> virtualMachines() {
    List<Long> found = new ArrayList<>();
    for (long pid : node.processes()) {
      try {
        if (Files.readString(Path.of("/proc/" + pid + "/comm")).startsWith("qemu-system")) {
          found.add(pid);
        }
      } catch (IOException ended) {
        continue;
      }
    }
    return found;
  }
}
