package dev.izolo.e2e;

import static dev.izolo.e2e.harness.IzoloUnderTest.reference;
import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.cri.v1.ContainerState;
import dev.izolo.cri.v1.PodSandboxState;
import dev.izolo.cri.v1.RunPodSandboxRequest;
import dev.izolo.e2e.harness.Container;
import dev.izolo.e2e.harness.Fixtures;
import dev.izolo.e2e.harness.IzoloUnderTest;
import dev.izolo.e2e.harness.Patience;
import dev.izolo.e2e.harness.Pod;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Pods go on while the daemon is replaced or killed, and no line of their logs is lost or written twice. */
@Tag("vm")
class RestartTest {
  private static final String BOX = reference("box");
  private static final String COUNT =
      "i=0; while [ ! -e /enough ]; do i=$((i+1)); echo line $i; [ $((i%50)) = 0 ] && usleep 100000; done; echo last $i";

  @RegisterExtension
  static final IzoloUnderTest izolo = IzoloUnderTest.with(Map.of("box", Fixtures.busybox()));

  @Test
  void aContainerRunsOnAndItsLogIsWholeOverATermAndAKill() {
    Pod before = izolo.runPod();
    Container counting = before.start(Pod.script(BOX, COUNT));
    counting.awaitOutput("line 100\n");
    List<Long> machines = izolo.virtualMachines();
    long startedAt = counting.status().getStartedAt();

    assertThat(izolo.daemon().terminate()).as("exit code after SIGTERM").isIn(0, 143);
    assertThat(izolo.virtualMachines()).isEqualTo(machines);
    izolo.restarted();
    Container adopted = readopted(before, counting, startedAt);
    int seen = adopted.log().entries().size();
    Patience.until("new lines after the restart", Patience.seconds(30), () -> adopted.log().entries().size() > seen + 100);

    izolo.daemon().kill9();
    assertThat(izolo.virtualMachines()).isEqualTo(machines);
    izolo.restarted();
    Container again = readopted(before, counting, startedAt);
    int seenAgain = again.log().entries().size();
    Patience.until("new lines after the kill", Patience.seconds(30), () -> again.log().entries().size() > seenAgain + 100);

    again.sh("touch /enough");
    List<String> lines = new String(again.result().stdout(), StandardCharsets.UTF_8).lines().toList();
    int last = Integer.parseInt(lines.getLast().substring("last ".length()));
    assertThat(lines.subList(0, lines.size() - 1)).isEqualTo(IntStream.rangeClosed(1, last).mapToObj(i -> "line " + i).toList());
    again.remove();
    new Pod(izolo.cri(), before.id(), before.config()).close();
  }

  private static Container readopted(Pod before, Container container, long startedAt) {
    Pod pod = new Pod(izolo.cri(), before.id(), before.config());
    assertThat(pod.status().getStatus().getState()).isEqualTo(PodSandboxState.SANDBOX_READY);
    Container adopted = new Container(pod, container.id(), container.config());
    assertThat(adopted.status().getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
    assertThat(adopted.status().getStartedAt()).isEqualTo(startedAt);
    return adopted;
  }

  @Test
  void aContainerThatEndsWhileTheDaemonIsAwayHasItsExitCodeAndWholeOutput() {
    Pod before = izolo.runPod();
    Container container = before.start(Pod.script(BOX,
        "echo ready; usleep 3000000; head -c 300000 /dev/zero | tr '\\0' y; exit 9"));
    container.awaitOutput("ready");
    izolo.daemon().kill9();
    // the container's own three seconds must pass with no daemon there
    java.util.concurrent.locks.LockSupport.parkNanos(Patience.seconds(6).toNanos());
    izolo.restarted();
    Pod after = new Pod(izolo.cri(), before.id(), before.config());
    Container.Result result = new Container(after, container.id(), container.config()).result();
    assertThat(result.exitCode()).isEqualTo(9);
    assertThat(result.out()).isEqualTo("ready\n" + "y".repeat(300_000));
    after.close();
  }

  @Test
  void aDaemonKilledWhileAPodBootsCleansUpAtItsNextStart() {
    var call = izolo.cri().runtimeFuture().runPodSandbox(
        RunPodSandboxRequest.newBuilder().setConfig(izolo.podConfig()).build());
    Patience.until("QEMU to run", Patience.boot(), () -> !izolo.virtualMachines().isEmpty());
    izolo.daemon().kill9();
    call.cancel(true);
    izolo.restarted();
    Patience.until("the half-made pod to be gone", Patience.seconds(30),
        () -> izolo.virtualMachines().isEmpty() && izolo.cri().podCount() == 0);
  }

  @Test
  void aVmThatDiesWhileTheDaemonIsAwayIsFoundDead() {
    Pod before = izolo.runPod();
    Container container = before.start(Pod.script(BOX, "while :; do sleep 100; done"));
    izolo.daemon().kill9();
    izolo.virtualMachines().forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    Patience.until("QEMU to be gone", Patience.seconds(10), () -> izolo.virtualMachines().isEmpty());
    izolo.restarted();
    Pod after = new Pod(izolo.cri(), before.id(), before.config());
    assertThat(after.status().getStatus().getState()).isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
    assertThat(new Container(after, container.id(), container.config()).status().getState())
        .isEqualTo(ContainerState.CONTAINER_EXITED);
    after.close();
  }
}
