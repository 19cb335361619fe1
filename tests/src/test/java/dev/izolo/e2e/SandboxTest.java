package dev.izolo.e2e;

import static dev.izolo.e2e.harness.IzoloUnderTest.reference;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.izolo.cri.v1.ContainerState;
import dev.izolo.cri.v1.DNSConfig;
import dev.izolo.cri.v1.LinuxContainerResources;
import dev.izolo.cri.v1.LinuxPodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxState;
import dev.izolo.cri.v1.PortMapping;
import dev.izolo.cri.v1.RunPodSandboxRequest;
import dev.izolo.e2e.harness.CniConfig;
import dev.izolo.e2e.harness.Container;
import dev.izolo.e2e.harness.Fixtures;
import dev.izolo.e2e.harness.IzoloUnderTest;
import dev.izolo.e2e.harness.Patience;
import dev.izolo.e2e.harness.Pod;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Pods as a whole: their size, network, end, and what becomes of them when something goes wrong. */
@Tag("vm")
class SandboxTest {
  private static final String BOX = reference("box");
  private static final String SERVE =
      "mkdir /www; hostname > /www/index.html; httpd -p 80 -h /www; echo up; while :; do sleep 100; done";

  @RegisterExtension
  static final IzoloUnderTest izolo = IzoloUnderTest.with(Map.of("box", Fixtures.busybox()));

  @Test
  void podsReachEachOtherTheNodeAndAHostPortOverIPv4AndIPv6() {
    PodSandboxConfig served = izolo.podConfig()
        .addPortMappings(PortMapping.newBuilder().setContainerPort(80).setHostPort(8088)).build();
    CompletableFuture<Pod> starting = CompletableFuture.supplyAsync(() -> izolo.cri().runPod(served));
    try (Pod client = izolo.runPod(); Pod server = starting.join()) {
      assertThat(izolo.virtualMachines()).hasSize(2);
      assertThat(client.ip()).isNotEqualTo(server.ip());
      server.start(Pod.script(BOX, SERVE)).awaitOutput("up");
      String name = served.getHostname() + "\n";

      Container caller = client.start(Pod.script(BOX, "while :; do sleep 100; done"));
      assertThat(caller.sh("timeout 20 wget -qO- http://" + server.ip() + "/")).isEqualTo(name);
      assertThat(caller.sh("timeout 20 wget -qO- http://[" + server.ip6() + "]/")).isEqualTo(name);
      assertThat(get("http://" + server.ip() + "/")).isEqualTo(name);
      assertThat(get("http://[" + server.ip6() + "]/")).isEqualTo(name);
      assertThat(caller.sh("timeout 20 wget -qO- http://" + CniConfig.GATEWAY_4 + ":8088/")).as("host port").isEqualTo(name);
      assertThat(caller.sh("timeout 20 wget -qO- http://127.0.0.1/ || echo refused")).contains("refused");
    }
  }

  private static String get(String url) {
    return izolo.node().inNetwork(() -> {
      var connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
      connection.setConnectTimeout(10_000);
      connection.setReadTimeout(10_000);
      return new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    });
  }

  @Test
  void thePodsConfigReachesTheGuest() {
    PodSandboxConfig.Builder config = izolo.podConfig().setHostname("a-name-of-its-own")
        .setDnsConfig(DNSConfig.newBuilder().addServers("10.0.0.53").addSearches("svc.example").addOptions("ndots:5"));
    config.getLinuxBuilder().putSysctls("net.ipv4.ip_unprivileged_port_start", "81").putSysctls("kernel.shm_rmid_forced", "1")
        .setResources(LinuxContainerResources.newBuilder().setCpuPeriod(100_000).setCpuQuota(200_000)
            .setMemoryLimitInBytes(400L << 20));
    try (Pod pod = izolo.cri().runPod(config.build())) {
      Container box = pod.start(Pod.script(BOX, "while :; do sleep 100; done"));
      assertThat(box.sh("hostname")).isEqualTo("a-name-of-its-own\n");
      assertThat(box.sh("cat /etc/hostname")).isEqualTo("a-name-of-its-own\n");
      assertThat(box.sh("cat /etc/hosts")).contains("a-name-of-its-own").contains("localhost");
      assertThat(box.sh("cat /etc/resolv.conf")).contains("nameserver 10.0.0.53").contains("search svc.example")
          .contains("ndots:5");
      assertThat(box.sh("cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced"))
          .isEqualTo("81\n1\n");
      assertThat(box.sh("df -k /dev/shm | tail -1")).contains("/dev/shm");
      assertThat(box.sh("echo shared > /dev/shm/x && cat /dev/shm/x")).isEqualTo("shared\n");
      assertThat(box.sh("nproc").trim()).as("two CPUs for a limit of two").isEqualTo("2");
      long kib = Long.parseLong(box.sh("awk '/^MemTotal/{print $2}' /proc/meminfo").trim());
      assertThat(kib).as("KiB of memory for a limit of 400 MiB").isGreaterThan(400L * 1024);
      assertThat(Math.abs(Long.parseLong(box.sh("date +%s").trim()) - System.currentTimeMillis() / 1000))
          .as("seconds that the guest's clock is off").isLessThan(5);
    }
  }

  @Test
  void aPodOutlivesItsContainersAndEndsWithItsVmAndEveryStepMayBeRepeated() {
    Pod pod = izolo.runPod();
    assertThat(pod.status().getStatus().getState()).isEqualTo(PodSandboxState.SANDBOX_READY);
    assertThat(pod.run(Pod.script(BOX, "cat /proc/sys/kernel/random/boot_id")).out())
        .as("both attempts ran in one VM")
        .isEqualTo(pod.run(Pod.script(BOX, "cat /proc/sys/kernel/random/boot_id")).out());

    Container running = pod.start(Pod.script(BOX, "while :; do sleep 100; done"));
    StatusRuntimeException again = catchThrowableOfType(StatusRuntimeException.class, () -> izolo.cri().runPod(pod.config()));
    assertThat(again).as("the same pod again").isNotNull();
    assertThat(again.getMessage()).contains(pod.config().getMetadata().getName());

    pod.stop();
    pod.stop();
    assertThat(izolo.virtualMachines()).isEmpty();
    assertThat(pod.status().getStatus().getState()).isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
    assertThat(running.status().getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
    pod.remove();
    pod.remove();
    StatusRuntimeException gone = catchThrowableOfType(StatusRuntimeException.class, pod::status);
    assertThat(gone.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(izolo.cri().containerCount()).isZero();
  }

  @Test
  void aPodWhoseVmDiesIsNotReadyWithinASecondAndCanBeRemoved() {
    Pod pod = izolo.runPod();
    Container box = pod.start(Pod.script(BOX, "while :; do sleep 100; done"));
    long qemu = izolo.virtualMachines().getFirst();
    long began = System.nanoTime();
    assertThat(ProcessHandle.of(qemu).orElseThrow().destroyForcibly()).isTrue();
    Patience.await("the pod to be not ready", Patience.seconds(1), () -> pod.status().getStatus().getState(),
        state -> state == PodSandboxState.SANDBOX_NOTREADY);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Patience.seconds(1));
    var status = box.awaitExit();
    assertThat(status.getExitCode()).isNotZero();
    StatusRuntimeException exec = catchThrowableOfType(StatusRuntimeException.class, () -> box.sh("true"));
    assertThat(exec).isNotNull();
    box.remove();
    pod.stop();
    pod.remove();
    assertThat(izolo.cri().podCount()).isZero();
  }

  @Test
  void aPodThatIsCancelledWhileItBootsLeavesNothing() {
    var call = izolo.cri().runtimeFuture().runPodSandbox(
        RunPodSandboxRequest.newBuilder().setConfig(izolo.podConfig()).build());
    Patience.until("QEMU to run", Patience.boot(), () -> !izolo.virtualMachines().isEmpty());
    call.cancel(true);
    Patience.until("QEMU to be gone", Patience.seconds(15), () -> izolo.virtualMachines().isEmpty());
    Patience.until("the pod to be forgotten", Patience.seconds(15), () -> izolo.cri().podCount() == 0);
  }

  @Test
  void anUnknownRuntimeHandlerIsRefusedWithTheKnownOnes() {
    StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class,
        () -> izolo.cri().runtime().runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(izolo.podConfig())
            .setRuntimeHandler("gvisor").build()));
    assertThat(failure.getMessage()).contains("gvisor").contains("izolo");
    assertThat(izolo.cri().podCount()).isZero();
  }

  @Test
  void aPodThatWantsTheHostsNetworkIsRefused() {
    PodSandboxConfig.Builder config = izolo.podConfig();
    config.setLinux(LinuxPodSandboxConfig.newBuilder().setSecurityContext(
        dev.izolo.cri.v1.LinuxSandboxSecurityContext.newBuilder().setNamespaceOptions(
            dev.izolo.cri.v1.NamespaceOption.newBuilder().setNetwork(dev.izolo.cri.v1.NamespaceMode.NODE))));
    StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class,
        () -> izolo.cri().runPod(config.build()));
    assertThat(failure.getMessage()).containsIgnoringCase("network");
    assertThat(izolo.cri().podCount()).isZero();
  }
}
