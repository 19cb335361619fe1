package dev.izolo.pods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.cri.v1.ContainerFilter;
import dev.izolo.cri.v1.ContainerState;
import dev.izolo.cri.v1.LinuxPodSandboxConfig;
import dev.izolo.cri.v1.LinuxSandboxSecurityContext;
import dev.izolo.cri.v1.NamespaceMode;
import dev.izolo.cri.v1.NamespaceOption;
import dev.izolo.cri.v1.PodSandboxFilter;
import dev.izolo.cri.v1.PodSandboxState;
import dev.izolo.cri.v1.PodSandboxStatsFilter;
import dev.izolo.network.NetworkException;
import dev.izolo.state.CriException;
import dev.izolo.vm.VmException;
import dev.izolo.vm.fake.FakeVmm.Operation;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class PodsTest {
  @TempDir Path root;
  private PodNode node;

  @BeforeEach
  void startNode() throws Exception {
    node = new PodNode(root);
  }

  @AfterEach
  void stopNode() {
    node.close();
  }

  @Test
  void runsAPodInItsOwnVmAndForgetsItCompletely() throws Exception {
    String id = node.run("web");

    var status = node.sandboxes().status(id, true);
    assertThat(status.getStatus().getState()).isEqualTo(PodSandboxState.SANDBOX_READY);
    assertThat(status.getStatus().getNetwork().getIp()).isEqualTo("10.9.0.5");
    assertThat(status.getStatus().getNetwork().getAdditionalIps(0).getIp()).isEqualTo("fd00::5");
    assertThat(status.getInfoOrThrow("timeline")).contains("\"sandbox dir\"", "\"CNI\"", "\"agent ready\"", "start_ms");
    assertThat(node.agent(id).configured().getHostname()).isEqualTo("web");
    assertThat(node.agent(id).prepared().getEntropy().size()).isEqualTo(64);
    assertThat(node.agent(id).prepared().getMachineId()).matches("[0-9a-f]{32}");
    assertThat(node.agent(id).configured().getInterfaces(0).getMac()).isEqualTo("02:00:00:00:00:02");

    node.sandboxes().stop(id.substring(0, 10));
    assertThat(node.sandboxes().status(id, false).getStatus().getState()).isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
    assertThat(node.vmm().running()).isEmpty();
    node.sandboxes().stop(id);
    node.sandboxes().remove(id);
    node.sandboxes().remove(id);
    node.assertNothingLeft();
  }

  @Test
  void twoPodsShareNoRandomness() throws Exception {
    var a = node.agent(node.run("a")).prepared();
    var b = node.agent(node.run("b")).prepared();

    assertThat(a.getEntropy()).isNotEqualTo(b.getEntropy());
    assertThat(a.getMachineId()).isNotEqualTo(b.getMachineId());
  }

  @Test
  void refusesANameThatIsTakenAndFreesItOnRemoval() throws Exception {
    String id = node.run("web");

    assertThatThrownBy(() -> node.run("web")).isInstanceOf(CriException.AlreadyExists.class).hasMessageContaining(id);

    node.sandboxes().remove(id);
    assertThat(node.run("web")).isNotEqualTo(id);
  }

  @Test
  void aRepeatedCallJoinsTheRunInFlight() throws Exception {
    var booting = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    node.vmm()
        .before(
            Operation.BOOT,
            _ -> {
              booting.countDown();
              go.await();
            });
    var first = async(() -> node.run("web"));
    booting.await();
    var second = async(() -> node.run("web"));
    go.countDown();

    assertThat(second.get(10, TimeUnit.SECONDS)).isEqualTo(first.get(10, TimeUnit.SECONDS));
    assertThat(node.vmm().calls(Operation.BOOT)).hasSize(1);
  }

  @Test
  void aCancelledRunLeavesNothing() throws Exception {
    var booting = new CountDownLatch(1);
    node.vmm()
        .before(
            Operation.AWAIT_AGENT,
            _ -> {
              booting.countDown();
              new CountDownLatch(1).await();
            });
    var thrown = new AtomicReference<Throwable>();
    Thread caller =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    node.run("web");
                  } catch (Throwable t) {
                    thrown.set(t);
                  }
                });
    booting.await();
    caller.interrupt();
    caller.join();

    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
    node.assertNothingLeft();
    node.vmm().before(Operation.AWAIT_AGENT, null);
    assertThat(node.run("web")).isNotEmpty();
  }

  @Test
  void aFailedBootNamesItsPhaseAndLeavesNothing() throws Exception {
    node.vmm().failNext(Operation.AWAIT_AGENT, new VmException.BootFailed("console: kernel panic", null));

    assertThatThrownBy(() -> node.run("web"))
        .isInstanceOf(CriException.PhaseFailed.class)
        .hasMessageContaining("RunPodSandbox default/web: agent ready: console: kernel panic");
    node.assertNothingLeft();
  }

  @Test
  void aVmThatCannotBePreparedLeavesNothing() throws Exception {
    node.vmm().before(
        Operation.AWAIT_AGENT,
        call -> node.agent(call.vmId()).failNext("PrepareSandbox", Status.INTERNAL.withDescription("no entropy")));

    assertThatThrownBy(() -> node.run("web"))
        .isInstanceOf(CriException.PhaseFailed.class)
        .hasMessageContaining("prepare")
        .hasMessageContaining("no entropy");
    node.assertNothingLeft();
  }

  @Test
  void networkPluginsBeginOnceTheVmRuns() throws Exception {
    var running = new AtomicInteger();
    node.networks().beforeAttach(() -> running.set(node.vmm().running().size()));
    node.run("web");
    assertThat(running).hasValue(1);
  }

  @Test
  void aFailedNetworkLeavesNothing() throws Exception {
    node.networks().failAttach(new NetworkException.PluginFailed("bridge: no address left", null));

    assertThatThrownBy(() -> node.run("web"))
        .hasMessageContaining("CNI: bridge: no address left")
        .hasCauseInstanceOf(NetworkException.PluginFailed.class);
    node.assertNothingLeft();
  }

  @Test
  void aRefusedConfigurationLeavesNothing() throws Exception {
    node.vmm().failNext(Operation.BOOT, new VmException.Exhausted("no user id left", null));
    assertThatThrownBy(() -> node.run("web")).hasMessageContaining("VM start: no user id left");
    node.assertNothingLeft();
  }

  @Test
  void whatCannotBeReleasedStaysRecordedAndIsCleanedUpAtTheNextStart() throws Exception {
    node.networks().failAttach(new NetworkException.PluginFailed("no", null));
    node.networks().failRelease(new NetworkException.HostFailed("netns is busy", null));
    assertThatThrownBy(() -> node.run("web")).hasMessageContaining("CNI");
    assertThat(node.networks().live()).hasSize(1);

    node.restartDaemon();

    node.assertNothingLeft();
  }

  @Test
  void refusesWhatAVmCannotShareWithTheHost() {
    for (var options :
        new NamespaceOption[] {
          NamespaceOption.newBuilder().setNetwork(NamespaceMode.NODE).build(),
          NamespaceOption.newBuilder().setPid(NamespaceMode.NODE).build(),
          NamespaceOption.newBuilder().setIpc(NamespaceMode.NODE).build()
        }) {
      var security = LinuxSandboxSecurityContext.newBuilder().setNamespaceOptions(options);
      var config = node.pod("host").setLinux(LinuxPodSandboxConfig.newBuilder().setSecurityContext(security)).build();
      assertThatThrownBy(() -> node.sandboxes().run(config, PodNode.HANDLER))
          .isInstanceOf(CriException.InvalidArgument.class)
          .hasMessageContaining("host's");
    }
  }

  @Test
  void refusesBrokenConfigurations() {
    assertThatThrownBy(() -> node.sandboxes().run(node.pod("x").clearMetadata().build(), PodNode.HANDLER))
        .isInstanceOf(CriException.InvalidArgument.class)
        .hasMessageContaining("metadata");
    assertThatThrownBy(() -> node.sandboxes().run(node.pod("x").setHostname("a/b").build(), PodNode.HANDLER))
        .hasMessageContaining("hostname");
    var sysctl = LinuxPodSandboxConfig.newBuilder().putSysctls("../../etc", "1");
    assertThatThrownBy(() -> node.sandboxes().run(node.pod("x").setLinux(sysctl).build(), PodNode.HANDLER))
        .hasMessageContaining("sysctl");
    assertThatThrownBy(() -> node.sandboxes().run(node.pod("x").build(), "gpu"))
        .isInstanceOf(CriException.InvalidArgument.class)
        .hasMessageContaining("gpu");
  }

  @Test
  void aDeadVmMakesThePodNotReadyAndItsContainersExited() throws Exception {
    String sandbox = node.run("web");
    String container = node.started(sandbox, "app");
    try (var events = node.events().subscribe()) {
      node.vmm().machine(sandbox).orElseThrow().die("out of memory on the host");
      var status = node.awaitExit(events, container);

      assertThat(status.getExitCode()).isEqualTo(137);
      assertThat(status.getReason()).isEqualTo("VMExited");
      assertThat(status.getMessage()).contains("out of memory on the host");
    }
    assertThat(node.sandboxes().status(sandbox, false).getStatus().getState())
        .isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
    assertThatThrownBy(() -> node.create(sandbox, "more")).isInstanceOf(CriException.FailedPrecondition.class);
    node.sandboxes().stop(sandbox);
    node.sandboxes().remove(sandbox);
    node.assertNothingLeft();
  }

  @Test
  void stoppingAPodEndsItsContainersWithTheirOutputKept() throws Exception {
    node.script(process -> process.out("hello\n"));
    String sandbox = node.run("web");
    String container = node.started(sandbox, "app");

    node.sandboxes().stop(sandbox);

    var status = node.status(container);
    assertThat(status.getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
    assertThat(status.getExitCode()).isEqualTo(137);
    node.sandboxes().remove(sandbox);
    assertThat(node.containers().list(ContainerFilter.getDefaultInstance())).isEmpty();
    node.assertNothingLeft();
  }

  @Test
  void aStopThatFailsIsTriedAgainByTheNextCall() throws Exception {
    String sandbox = node.run("web");
    node.networks().failRelease(new NetworkException.HostFailed("busy", null));

    assertThatThrownBy(() -> node.sandboxes().stop(sandbox)).hasMessageContaining("network: busy");
    node.sandboxes().stop(sandbox);

    node.sandboxes().remove(sandbox);
    node.assertNothingLeft();
  }

  @Test
  void listsByIdPrefixStateAndLabel() throws Exception {
    String a = node.run("a");
    String b = node.run("b");
    node.sandboxes().stop(b);

    var byLabel = PodSandboxFilter.newBuilder().putLabelSelector("app", "a").build();
    var byId = PodSandboxFilter.newBuilder().setId(b.substring(0, 12)).build();
    var ready = PodSandboxFilter.newBuilder();
    ready.getStateBuilder().setState(PodSandboxState.SANDBOX_READY);
    assertThat(node.sandboxes().list(byLabel)).extracting(p -> p.getId()).containsExactly(a);
    assertThat(node.sandboxes().list(byId)).extracting(p -> p.getId()).containsExactly(b);
    assertThat(node.sandboxes().list(ready.build())).extracting(p -> p.getId()).containsExactly(a);
    assertThat(node.sandboxes().list(PodSandboxFilter.getDefaultInstance())).hasSize(2);
  }

  @Test
  void tellsWhatAPodUses() throws Exception {
    String sandbox = node.run("web");
    node.started(sandbox, "app");

    var stats = node.sandboxes().stats(sandbox);
    assertThat(stats.getLinux().getNetwork().getDefaultInterface().getName()).isEqualTo("eth0");
    assertThat(stats.getLinux().getMemory().getAvailableBytes().getValue()).isEqualTo(3 << 20);
    assertThat(stats.getLinux().getContainersList()).hasSize(1);
    assertThat(node.sandboxes().stats(PodSandboxStatsFilter.getDefaultInstance())).hasSize(1);
  }

  @Test
  void anUnknownPodIsNotFoundButMayBeStoppedAndRemoved() throws Exception {
    assertThatThrownBy(() -> node.sandboxes().status("abcdef", false)).isInstanceOf(CriException.NotFound.class);
    assertThatThrownBy(() -> node.sandboxes().status("../../etc", false)).isInstanceOf(CriException.NotFound.class);
    node.sandboxes().stop("abcdef");
    node.sandboxes().remove("abcdef");
  }

  private static CompletableFuture<String> async(java.util.concurrent.Callable<String> work) {
    var result = new CompletableFuture<String>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                result.complete(work.call());
              } catch (Throwable t) {
                result.completeExceptionally(t);
              }
            });
    return result;
  }
}
