package dev.izolo.e2e.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** An audit that finds nothing proves nothing unless it finds what is planted. */
class LeakAuditTest {
  private static Node node;
  private static Path state;
  private LeakAudit audit;
  private LeakAudit.Snapshot before;

  @BeforeAll
  static void makeNode() throws IOException {
    Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "namespaces need root");
    node = Node.create();
    state = Files.createDirectories(node.root().resolve("state"));
  }

  @AfterAll
  static void endNode() {
    if (node != null) {
      node.close();
    }
  }

  @org.junit.jupiter.api.BeforeEach
  void look() {
    audit = new LeakAudit(node, List.of(state), Path.of("izolo-e2e-audit"), Set::of, () -> ProcessHandle.current().pid(),
        thing -> thing.endsWith("made-once"));
    before = audit.snapshot();
  }

  @AfterEach
  void cleanUp() throws IOException {
    for (long pid : node.processes()) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
    Node.deleteTree(state);
    Files.createDirectories(state);
  }

  @Test
  void aQuietNodeLeaksNothing() {
    audit.assertNothingLeaked(before, Duration.ZERO);
  }

  @Test
  void findsAProcessEvenInASessionOfItsOwn() {
    node.run("setsid", "--fork", "sleep", "300");
    finds("process");
  }

  @Test
  void findsANetworkNamespace() {
    node.run("ip", "netns", "add", "planted");
    finds("network namespace planted");
    node.run("ip", "netns", "delete", "planted");
    audit.assertNothingLeaked(before, Duration.ofSeconds(2));
  }

  @Test
  void findsALink() {
    node.run("ip", "link", "add", "planted0", "type", "bridge");
    finds("link planted0");
    node.run("ip", "link", "delete", "planted0");
  }

  @Test
  void findsAMount() {
    node.run("mount", "-t", "tmpfs", "planted", "/mnt");
    finds("mount planted");
    node.run("umount", "/mnt");
  }

  @Test
  void findsAFile() throws IOException {
    Files.writeString(Files.createDirectories(state.resolve("a/b")).resolve("planted"), "");
    finds("file " + state.resolve("a/b/planted"));
  }

  @Test
  void leavesOutWhatIsMadeOnce() throws IOException {
    Files.writeString(state.resolve("made-once"), "");
    audit.assertNothingLeaked(before, Duration.ZERO);
  }

  @Test
  void findsAFirewallRule() {
    node.run("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "10.1.2.3", "-j", "ACCEPT");
    finds("firewall rule IPv4 -A POSTROUTING -s 10.1.2.3");
    node.run("iptables", "-t", "nat", "-F", "POSTROUTING");
  }

  @Test
  void findsACgroup() throws IOException {
    Path hierarchy = LeakAudit.hierarchies().stream().filter(Files::isWritable)
        .filter(path -> Files.exists(path.resolve("cgroup.procs"))).findFirst().orElseThrow();
    Path parent = hierarchy.resolve("izolo-e2e-audit");
    Files.createDirectories(parent.resolve("planted"));
    try {
      finds("cgroup " + parent.resolve("planted"));
    } finally {
      Files.delete(parent.resolve("planted"));
      Files.delete(parent);
    }
  }

  @Test
  void findsDescriptors() throws IOException {
    List<java.io.InputStream> open = new java.util.ArrayList<>();
    try {
      for (int i = 0; i < 40; i++) {
        open.add(Files.newInputStream(Path.of("/dev/null")));
      }
      finds("descriptors of the daemon");
    } finally {
      for (var stream : open) {
        stream.close();
      }
    }
  }

  @Test
  void waitsForWhatEndsByItself() {
    node.run("setsid", "--fork", "sleep", "0.5");
    audit.assertNothingLeaked(before, Duration.ofSeconds(5));
    assertThat(node.processes()).isEmpty();
  }

  private void finds(String what) {
    assertThatThrownBy(() -> audit.assertNothingLeaked(before, Duration.ZERO)).isInstanceOf(AssertionError.class)
        .hasMessageContaining(what);
  }
}
