package dev.izolo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.config.ConfigReader;
import dev.izolo.config.IzoloConfig;
import dev.izolo.vm.HostSupport.Finding;
import dev.izolo.vm.HostSupport.Severity;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostChecksTest {
  @TempDir
  Path root;

  private IzoloConfig config;

  @BeforeEach
  void goodHost() throws Exception {
    config = ConfigReader.parse("t", """
        state_dir = "%s"
        [network]
        cni_conf_dir = "/etc/cni/net.d"
        cni_bin_dirs = ["/usr/lib/cni"]
        """.formatted(root), Map.of());
    write("sys/fs/cgroup/cgroup.controllers", "cpu memory");
    write("proc/sys/user/max_user_namespaces", "100\n");
    write("proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable: 8000000 kB\n");
    write("etc/cni/net.d/10-net.conflist", "{}");
    for (String plugin : List.of("bridge", "host-local", "portmap")) {
      write("usr/lib/cni/" + plugin, "").toFile().setExecutable(true);
    }
  }

  private Path write(String file, String text) throws Exception {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    return Files.writeString(path, text);
  }

  private Finding finding(String subject) {
    return new HostChecks(config, root, name -> Optional.of(Path.of("/bin", name))).findings().stream()
        .filter(finding -> finding.subject().equals(subject)).findFirst().orElseThrow();
  }

  @Test
  void aGoodHostHasNothingToCure() {
    assertThat(new HostChecks(config, root, name -> Optional.of(Path.of("/bin", name))).findings())
        .filteredOn(finding -> !finding.subject().equals("disk"))
        .allMatch(finding -> finding.severity() == Severity.OK);
    assertThat(finding("cni config").detail()).isEqualTo("/etc/cni/net.d/10-net.conflist");
  }

  @Test
  void namesMissingPrograms() {
    List<Finding> findings = new HostChecks(
        config, root, name -> name.equals("tc") ? Optional.empty() : Optional.of(Path.of("/bin", name))).findings();
    assertThat(findings).filteredOn(finding -> finding.severity() == Severity.FAILED).singleElement()
        .satisfies(finding -> {
          assertThat(finding.detail()).isEqualTo("not found: tc");
          assertThat(finding.cure()).contains("iproute2");
        });
  }

  @Test
  void namesMissingPluginsAndConfiguration() throws Exception {
    Files.delete(root.resolve("usr/lib/cni/portmap"));
    Files.delete(root.resolve("etc/cni/net.d/10-net.conflist"));
    assertThat(finding("cni plugins").severity()).isEqualTo(Severity.FAILED);
    assertThat(finding("cni plugins").detail()).endsWith(": portmap");
    assertThat(finding("cni config").severity()).isEqualTo(Severity.WARNING);
  }

  @Test
  void tellsCgroupVersionsApart() throws Exception {
    assertThat(finding("cgroups").detail()).isEqualTo("version 2");
    Files.delete(root.resolve("sys/fs/cgroup/cgroup.controllers"));
    assertThat(finding("cgroups").severity()).isEqualTo(Severity.FAILED);
    Files.createDirectory(root.resolve("sys/fs/cgroup/memory"));
    assertThat(finding("cgroups").severity()).isEqualTo(Severity.WARNING);
  }

  @Test
  void warnsOfLittleMemoryAndNoUserNamespaces() throws Exception {
    write("proc/meminfo", "MemAvailable: 100000 kB\n");
    write("proc/sys/user/max_user_namespaces", "0\n");
    assertThat(finding("memory").severity()).isEqualTo(Severity.WARNING);
    assertThat(finding("user namespaces").severity()).isEqualTo(Severity.WARNING);
    Files.delete(root.resolve("proc/sys/user/max_user_namespaces"));
    assertThat(finding("user namespaces").severity()).isEqualTo(Severity.WARNING);
  }

  @Test
  void printsACureBelowWhatIsWrong() {
    var text = new ByteArrayOutputStream();
    CheckCommand.print(List.of(HostChecks.root(true), HostChecks.root(false)), new PrintStream(text));
    assertThat(text.toString().lines()).containsExactly(
        "OK    root             running as root",
        "FAIL  root             not running as root: VMs, networks and mounts need it",
        "                       -> run it with sudo");
  }
}
