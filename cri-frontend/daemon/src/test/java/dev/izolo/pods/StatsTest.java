package dev.izolo.pods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.v1.GetStatsRequest;
import dev.izolo.cri.v1.ContainerStatsFilter;
import dev.izolo.cri.v1.PodSandboxStatsFilter;
import dev.izolo.state.CriException;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Stats of pods and containers, from the guests' answers to the services' callers. */
@Timeout(30)
class StatsTest {
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
  void podsAndContainersAreToldFromOneSample() throws Exception {
    String sandbox = node.run("web");
    String container = node.started(sandbox, "app");
    var pod = node.sandboxes().stats(sandbox);
    var listed = node.containers().stats(ContainerStatsFilter.getDefaultInstance());
    var one = node.containers().stats(container);
    var pods = node.sandboxes().stats(PodSandboxStatsFilter.getDefaultInstance());
    assertThat(listed).containsExactly(one);
    assertThat(pod.getLinux().getContainersList()).containsExactly(one);
    assertThat(pods).containsExactly(pod);
    assertThat(one.getCpu().getTimestamp()).isEqualTo(pod.getLinux().getCpu().getTimestamp());
    assertThat(node.agent(sandbox).statsAsked()).containsExactly(
        GetStatsRequest.newBuilder().addContainerIds(container).build());
  }

  @Test
  void aPodWithoutContainersHasItsVmAskedForAlone() throws Exception {
    String sandbox = node.run("web");
    node.create(sandbox, "not started");
    assertThat(node.sandboxes().stats(sandbox).getLinux().getProcess().getProcessCount().getValue()).isEqualTo(3);
    assertThat(node.agent(sandbox).statsAsked()).containsExactly(
        GetStatsRequest.newBuilder().setNoContainers(true).build());
  }

  @Test
  void aContainerThatHasJustStartedIsNeverMissing() throws Exception {
    String sandbox = node.run("web");
    node.started(sandbox, "first");
    assertThat(node.containers().stats(ContainerStatsFilter.getDefaultInstance())).hasSize(1);
    String second = node.started(sandbox, "second");
    assertThat(node.containers().stats(ContainerStatsFilter.getDefaultInstance())).hasSize(2);
    assertThat(node.sandboxes().stats(sandbox).getLinux().getContainersList()).hasSize(2);
    node.containers().stop(second, Duration.ZERO);
    assertThat(node.containers().stats(ContainerStatsFilter.getDefaultInstance())).hasSize(1);
    assertThat(node.containers().stats(second).hasCpu()).as("attributes alone").isFalse();
    assertThat(node.agent(sandbox).statsAsked()).hasSize(2);
  }

  @Test
  void anAgeOfZeroAsksTheGuestAtEveryCall() throws Exception {
    node.restartDaemon(Duration.ZERO);
    String sandbox = node.run("web");
    node.sandboxes().stats(sandbox);
    node.sandboxes().stats(sandbox);
    assertThat(node.agent(sandbox).statsAsked()).hasSize(2);
  }

  @Test
  void aDeadGuestIsLeftOutAndHoldsUpNobodyTwice() throws Exception {
    String dead = node.run("dead");
    String well = node.run("well");
    node.started(well, "app");
    var never = new CountDownLatch(1);
    node.agent(dead).beforeStats(() -> {
      try {
        never.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    });
    assertThat(node.sandboxes().stats(PodSandboxStatsFilter.getDefaultInstance()))
        .extracting(stats -> stats.getAttributes().getId()).containsExactly(well);
    long from = System.nanoTime();
    assertThat(node.sandboxes().stats(PodSandboxStatsFilter.getDefaultInstance())).hasSize(1);
    assertThat(node.containers().stats(ContainerStatsFilter.getDefaultInstance())).hasSize(1);
    assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(3));
    assertThatThrownBy(() -> node.sandboxes().stats(dead)).isInstanceOf(CriException.Unavailable.class);
    never.countDown();
  }

  @Test
  void aFailureOfOneCallIsForgottenByTheNext() throws Exception {
    String sandbox = node.run("web");
    node.agent(sandbox).failNext("GetStats", Status.UNAVAILABLE);
    assertThatThrownBy(() -> node.sandboxes().stats(sandbox)).isInstanceOf(CriException.Unavailable.class);
    assertThat(node.sandboxes().stats(sandbox).getLinux().hasCpu()).isTrue();
  }

  @Test
  void aStoppedPodHasItsAttributesAlone() throws Exception {
    String sandbox = node.run("web");
    node.sandboxes().stats(sandbox);
    node.sandboxes().stop(sandbox);
    var stats = node.sandboxes().stats(PodSandboxStatsFilter.getDefaultInstance());
    assertThat(stats).hasSize(1);
    assertThat(stats.getFirst().getAttributes().getId()).isEqualTo(sandbox);
    assertThat(stats.getFirst().hasLinux()).isFalse();
  }
}
