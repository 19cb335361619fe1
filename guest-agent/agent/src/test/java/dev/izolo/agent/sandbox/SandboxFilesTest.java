package dev.izolo.agent.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.v1.Dns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SandboxFilesTest {
  @Test
  void writesResolvConf() {
    assertThat(SandboxFiles.resolvConf(Dns.newBuilder().addServers("10.96.0.10").addServers("fd00::a")
        .addSearches("ns.svc.cluster.local").addSearches("svc.cluster.local").addOptions("ndots:5").build()))
        .isEqualTo("search ns.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\nnameserver fd00::a\n"
            + "options ndots:5\n");
    assertThat(SandboxFiles.resolvConf(Dns.getDefaultInstance())).isEmpty();
  }

  @Test
  void aDnsWordCannotBringALineOfItsOwn() {
    assertThatThrownBy(() ->
            SandboxFiles.resolvConf(Dns.newBuilder().addSearches("a\nnameserver 6.6.6.6").build()))
        .isInstanceOf(AgentException.Invalid.class).hasMessageContaining("search domain");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-a", "a-", "a b", "a/b", "a\n"})
  void refusesWhatIsNoHostname(String name) {
    assertThatThrownBy(() -> SandboxFiles.checkHostname(name)).isInstanceOf(AgentException.Invalid.class);
  }

  @ParameterizedTest
  @CsvSource({"net.ipv4.ip_forward,net/ipv4/ip_forward", "net/ipv4/conf/eth0.1/rp_filter,net/ipv4/conf/eth0.1/rp_filter",
    "net.ipv4.conf.eth0/1.rp_filter,net/ipv4/conf/eth0.1/rp_filter", "kernel.shm_rmid_forced,kernel/shm_rmid_forced"})
  void findsASysctlsFile(String name, String path) {
    assertThat(Sysctls.path(name)).isEqualTo(path);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "kernel", "../etc/passwd", "net/../../etc/passwd", "net..ipv4", ".net.x", "net.x ", "/etc/x",
    "net/./x"})
  void refusesNamesThatLeadElsewhere(String name) {
    assertThatThrownBy(() -> Sysctls.path(name)).isInstanceOf(AgentException.Invalid.class);
  }

  @Test
  void writesASysctlAndNamesOneThatIsNotThere(@TempDir Path proc) throws IOException {
    Files.createDirectories(proc.resolve("net/core"));
    Files.writeString(proc.resolve("net/core/somaxconn"), "128");
    new Sysctls(proc).apply(Map.of("net.core.somaxconn", "1024"));
    assertThat(proc.resolve("net/core/somaxconn")).hasContent("1024");
    assertThatThrownBy(() -> new Sysctls(proc).apply(Map.of("net.core.none", "1")))
        .isInstanceOf(AgentException.Invalid.class).hasMessageContaining("net.core.none");
    assertThatThrownBy(() -> new Sysctls(proc).apply(Map.of("net.core.somaxconn", "1\n2")))
        .isInstanceOf(AgentException.Invalid.class);
  }
}
