package dev.izolo.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReadinessTest {
  @TempDir Path directory;

  private CniPodNetworks networks(boolean defaultNetwork) throws Exception {
    return new CniPodNetworks(
        new NetworkSettings(
            Files.createDirectories(directory.resolve("net.d")),
            List.of(Files.createDirectories(directory.resolve("bin"))), directory.resolve("state"),
            Duration.ofSeconds(5), defaultNetwork));
  }

  private void plugin(String name, String body) throws Exception {
    Path file = Files.createDirectories(directory.resolve("bin")).resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  @Test
  void withoutAConfigurationItSaysWhereOneBelongs() throws Exception {
    var readiness = networks(false).readiness();
    assertThat(readiness.ready()).isFalse();
    assertThat(readiness.reason()).isEqualTo("NetworkPluginNotReady");
    assertThat(readiness.message()).contains(directory.resolve("net.d").toString());
  }

  @Test
  void theShippedNetworkServesOnlyWhenAskedForAndItsPluginsAreThere() throws Exception {
    assertThat(networks(true).readiness().message()).contains("'bridge'").contains("not installed");
    plugin("bridge", "");
    plugin("portmap", "");
    assertThat(networks(true).readiness().ready()).isTrue();
    Files.writeString(directory.resolve("net.d/10-x.conflist"), "{");
    assertThat(networks(true).readiness().message()).contains("10-x.conflist");
  }

  @Test
  void aPluginsStatusDecidesFromItsVersionOnAndIsNotAskedEachTime() throws Exception {
    Files.createDirectories(directory.resolve("net.d"));
    Files.writeString(
        directory.resolve("net.d/10-x.conflist"),
        "{\"cniVersion\":\"1.1.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"mesh\"}]}");
    plugin("mesh", "echo asked >> %s; echo '{\"code\":50,\"msg\":\"still starting\"}'; exit 1"
        .formatted(directory.resolve("log")));
    var networks = networks(false);
    assertThat(networks.readiness().message()).contains("still starting");
    assertThat(networks.readiness().ready()).isFalse();
    assertThat(Files.readAllLines(directory.resolve("log"))).hasSize(1);
  }

  @Test
  void theShippedConfigurationIsValidAndDropsIpv6OnAHostWithoutIt() throws Exception {
    String shipped = new String(DefaultNetwork.shipped(), StandardCharsets.UTF_8);
    assertThat(shipped).contains("fd7a:");
    assertThat(DefaultNetwork.forHost(true).toJson().toString()).contains("fd7a:").contains("::/0");
    assertThat(DefaultNetwork.forHost(false).toJson().toString())
        .doesNotContain("::")
        .contains("10.222.0.0/16")
        .contains("0.0.0.0/0");
    assertThat(DefaultNetwork.forHost(true).has(CapabilityArgs.PORT_MAPPINGS)).isTrue();
  }

  @Test
  void attachingWithoutPreparingOrWithNoValidIdIsRefused() throws Exception {
    var networks = networks(false);
    var pod = new PodNetworks.PodIdentity("web", "default", "uid", "abc");
    var network = new PodNetworks.PodNetwork("abc", Path.of("/run/netns/izolo-abc"), "tap0", "02:00:00:00:00:01");
    assertThatThrownBy(() -> networks.attach(network, pod, List.of(), Map.of()))
        .isInstanceOf(NetworkException.HostFailed.class)
        .hasMessageContaining("no prepared network");
    var spoofing = new PodNetworks.PodIdentity("web;K8S_POD_NAMESPACE=kube-system", "default", "uid", "abc");
    assertThatThrownBy(() -> networks.attach(network, spoofing, List.of(), Map.of()))
        .isInstanceOf(NetworkException.InvalidRequest.class)
        .hasMessageContaining("K8S_POD_NAME");
    assertThatThrownBy(() -> networks.attach(
            network, pod, List.of(new PodNetworks.PortMapping("TCP", 80, 99_999, "")), Map.of()))
        .isInstanceOf(NetworkException.InvalidRequest.class)
        .hasMessageContaining("99999");
    assertThatIllegalArgumentException().isThrownBy(() -> networks.prepare("../x"));
    assertThatIllegalArgumentException().isThrownBy(() -> networks.release("../x"));
  }

  @Test
  void locksAreKeptOnlyWhileUsed() throws Exception {
    SandboxLocks locks = new SandboxLocks();
    CountDownLatch waiting = new CountDownLatch(1);
    Thread second;
    try (var held = locks.acquire("a");
        var other = locks.acquire("b")) {
      assertThat(locks.size()).isEqualTo(2);
      second =
          Thread.ofVirtual()
              .start(
                  () -> {
                    waiting.countDown();
                    try (var late = locks.acquire("a")) {
                      throw new AssertionError("was to be interrupted");
                    } catch (InterruptedException expected) {
                      Thread.currentThread().interrupt();
                    }
                  });
      waiting.await();
      second.interrupt();
      second.join();
    }
    assertThat(locks.size()).isZero();
  }
}
