package dev.izolo.pods;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.container.GuestWarmup;
import dev.izolo.cri.v1.LinuxContainerResources;
import dev.izolo.cri.v1.LinuxPodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxFilter;
import dev.izolo.network.NetworkException;
import dev.izolo.sandbox.PodSettings;
import dev.izolo.sandbox.RuntimeHandler;
import dev.izolo.sandbox.RuntimeHandler.Start;
import dev.izolo.sandbox.WarmSettings;
import dev.izolo.state.RecordStore;
import dev.izolo.state.RunStep;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmSpec;
import dev.izolo.vm.Warmup;
import dev.izolo.vm.fake.FakeMachine;
import dev.izolo.vm.fake.FakeVmm.Operation;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sandboxes made ahead of need, on a host that is fake. */
@Timeout(30)
class WarmTest {
  private static final Warmup NOTHING = _ -> { };
  private static final long GIB = 1L << 30;

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

  private static WarmSettings warm(boolean templates, Warmup warmup, long maxBytes) {
    return new WarmSettings(templates, warmup, maxBytes, Duration.ZERO, Duration.ZERO);
  }

  private static RuntimeHandler handler(Start start, int poolSize) {
    return new RuntimeHandler("runc", 1, 256, start, poolSize);
  }

  private int ready() {
    return node.sandboxes().warmStatus().pool().ready();
  }

  /** The pool is filled by a thread that tells nobody. */
  private static void until(Callable<Boolean> holds) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!holds.call()) {
      assertThat(System.nanoTime()).as("time is up").isLessThan(end);
      Thread.sleep(5);
    }
  }

  private void startWithPool(int size) throws Exception {
    node.restartDaemon(handler(Start.POOL, size), warm(true, NOTHING, GIB));
    until(() -> ready() == size);
  }

  /** From now on nothing more is made ahead. */
  private CountDownLatch holdRestores() {
    var go = new CountDownLatch(1);
    node.vmm().before(
        Operation.RESTORE,
        call -> {
          if (Thread.currentThread().getName().equals("warm-start")) {
            go.await();
          }
        });
    return go;
  }

  @Test
  void aPodTakesTheSandboxThatHasWaitedLongest() throws Exception {
    startWithPool(2);
    List<String> waiting = node.vmm().calls(Operation.RESTORE).stream().map(call -> call.vmId()).toList();
    CountDownLatch go = holdRestores();
    // Unlike each other before any pod is known.
    assertThat(waiting).extracting(id -> node.agent(id).prepared().getEntropy()).doesNotHaveDuplicates();
    assertThat(waiting).extracting(id -> node.agent(id).prepared().getMachineId()).doesNotHaveDuplicates();
    assertThat(waiting).allMatch(id -> node.agent(id).rehearsed());
    assertThat(waiting).extracting(id -> node.agent(id).configured()).containsOnlyNulls();

    String first = node.run("a");
    String second = node.run("b");

    assertThat(List.of(first, second)).isEqualTo(waiting);
    assertThat(node.agent(first).configured().getHostname()).isEqualTo("a");
    assertThat(node.agent(second).configured().getHostname()).isEqualTo("b");
    assertThat(node.sandboxes().list(PodSandboxFilter.getDefaultInstance())).hasSize(2);
    go.countDown();
    until(() -> ready() == 2);
  }

  @Test
  void sandboxesThatWaitAreNoPodsYet() throws Exception {
    startWithPool(2);

    assertThat(node.sandboxes().list(PodSandboxFilter.getDefaultInstance())).isEmpty();
    assertThat(new RecordStore(node.state()).load())
        .extracting(loaded -> loaded.sandbox().step()).containsExactly(RunStep.SPARE, RunStep.SPARE);
  }

  @Test
  void aBurstBeyondThePoolIsServedInSlowerWays() throws Exception {
    startWithPool(2);
    CountDownLatch go = holdRestores();
    int before = node.vmm().calls(Operation.RESTORE).size();
    node.vmm().failNext(Operation.RESTORE, new VmException.Unsupported("the template is gone", null));

    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var pods = new java.util.ArrayList<Future<String>>();
      for (int i = 0; i < 6; i++) {
        int number = i;
        pods.add(threads.submit(() -> node.run("pod-" + number)));
      }
      for (Future<String> pod : pods) {
        assertThat(node.agent(pod.get()).configured()).isNotNull();
      }
    }

    assertThat(node.vmm().calls(Operation.RESTORE).size() - before).isGreaterThanOrEqualTo(4);
    // The template's own, and the one whose restore failed.
    assertThat(node.vmm().calls(Operation.BOOT)).hasSize(2);
    go.countDown();
    until(() -> ready() == 2);
  }

  @Test
  void noneIsMadeWhileAPodStarts() throws Exception {
    startWithPool(1);
    var inConfigure = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    node.networks().beforeAttach(
        () -> {
          inConfigure.countDown();
          go.await();
        });
    int before = node.vmm().calls(Operation.RESTORE).size();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<String> pod = threads.submit(() -> node.run("web"));
      inConfigure.await();
      assertThat(ready()).isZero();
      assertThat(node.vmm().calls(Operation.RESTORE)).hasSize(before);
      go.countDown();
      pod.get();
    }
    until(() -> ready() == 1);
  }

  @Test
  void theEndOfTheDaemonLeavesPodsAloneAndNothingElse() throws Exception {
    startWithPool(2);
    String pod = node.run("web");
    node.stopDaemon();

    assertThat(node.vmm().running()).extracting(FakeMachine::id).containsExactly(pod);
    assertThat(node.networks().live()).containsExactly(pod);
    node.restartDaemon(handler(Start.POOL, 0), WarmSettings.none());
    node.sandboxes().stop(pod);
    node.sandboxes().remove(pod);
    node.assertNothingLeft();
  }

  @Test
  void whatAKilledDaemonLeftWaitingIsGivenBack() throws Exception {
    startWithPool(2);
    node.killDaemon();
    assertThat(node.vmm().running()).hasSize(2);
    node.startDaemonAgain(WarmSettings.none());

    node.assertNothingLeft();
  }

  @Test
  void aTemplateThatCannotBeMadeIsNoFailureOfAnyPod() throws Exception {
    Warmup broken = _ -> { throw new IllegalStateException("no such image"); };
    node.restartDaemon(handler(Start.TEMPLATE, 0), warm(true, broken, 0));
    until(() -> !node.vmm().calls(Operation.MAKE_TEMPLATE).isEmpty());

    String id = node.run("web");

    assertThat(node.agent(id).configured()).isNotNull();
    assertThat(node.vmm().calls(Operation.RESTORE)).isEmpty();
    until(() -> node.networks().live().equals(java.util.Set.of(id)));
    node.sandboxes().remove(id);
    until(() -> node.vmm().running().isEmpty());
  }

  @Test
  void aHandlerThatStartsColdNeitherWaitsNorCopies() throws Exception {
    node.restartDaemon(handler(Start.COLD, 3), warm(true, NOTHING, GIB));
    node.run("web");

    assertThat(node.vmm().calls(Operation.MAKE_TEMPLATE)).isEmpty();
    assertThat(node.vmm().calls(Operation.RESTORE)).isEmpty();
    assertThat(node.vmm().calls(Operation.BOOT)).hasSize(1);
  }

  @Test
  void thePoolIsBoundedInMemory() throws Exception {
    node.restartDaemon(handler(Start.POOL, 5), warm(false, NOTHING, 600L << 20));
    until(() -> ready() == 2);

    assertThat(node.sandboxes().warmStatus().pool().size()).isEqualTo(2);
    assertThat(node.vmm().running()).hasSize(2);
  }

  @Test
  void aSandboxWhoseVmDiesWhileItWaitsIsReplaced() throws Exception {
    startWithPool(1);
    FakeMachine first = node.vmm().running().iterator().next();
    first.die("killed");

    until(() -> ready() == 1 && !node.vmm().running().isEmpty());
    assertThat(node.vmm().running()).extracting(FakeMachine::id).doesNotContain(first.id());
    until(() -> node.networks().live().size() == 1);
  }

  @Test
  void aSandboxThatCannotBePreparedDoesNotWaitForAPod() throws Exception {
    var first = new AtomicBoolean(true);
    node.vmm().before(
        Operation.AWAIT_AGENT,
        call -> {
          if (first.getAndSet(false)) {
            node.agent(call.vmId()).failNext("ConfigureSandbox", Status.INTERNAL.withDescription("no rehearsal"));
          }
        });
    node.restartDaemon(handler(Start.POOL, 1), warm(false, NOTHING, GIB));

    until(() -> !first.get());
    until(() -> node.vmm().running().isEmpty() && node.networks().live().isEmpty());
    assertThat(ready()).isZero();
  }

  @Test
  void aWaitingVmThatFailsAsItsPodComesIsNotThePodsFault() throws Exception {
    startWithPool(1);
    CountDownLatch go = holdRestores();
    String waiting = node.vmm().running().iterator().next().id();
    node.networks().beforeAttach(() -> node.vmm().machine(waiting).ifPresent(machine -> machine.die("out of memory")));

    String id = node.run("web");

    assertThat(id).isNotEqualTo(waiting);
    assertThat(node.agent(id).configured().getHostname()).isEqualTo("web");
    assertThat(node.networks().live()).contains(id).doesNotContain(waiting);
    go.countDown();
  }

  @Test
  void aPodsOwnFailureIsToldAndItsSandboxGivenBack() throws Exception {
    startWithPool(1);
    CountDownLatch go = holdRestores();
    node.networks().failAttach(new NetworkException.PluginFailed("no address left", null));

    org.assertj.core.api.Assertions.assertThatThrownBy(() -> node.run("web")).hasMessageContaining("no address left");

    assertThat(node.vmm().running()).isEmpty();
    go.countDown();
    until(() -> ready() == 1);
    node.run("web");
  }

  @Test
  void aWaitingVmGrowsToThePodsSizeAndMovesToItsCgroup() throws Exception {
    startWithPool(1);
    var linux =
        LinuxPodSandboxConfig.newBuilder()
            .setCgroupParent("/kubepods/pod1")
            .setResources(
                LinuxContainerResources.newBuilder()
                    .setCpuPeriod(100_000)
                    .setCpuQuota(200_000)
                    .setMemoryLimitInBytes(512L << 20));
    String id = node.sandboxes().run(node.pod("big").setLinux(linux).build(), PodNode.HANDLER);

    assertThat(node.vmm().calls(Operation.GROW)).singleElement()
        .satisfies(call -> assertThat(call.vmId()).isEqualTo(id))
        .satisfies(call -> assertThat(call.argument()).isEqualTo(List.of(2, 640)));
    assertThat(node.moves()).containsExactly("->/kubepods/pod1 1");
  }

  @Test
  void aCopyThatCannotGrowIsReplacedByABootOfTheRightSize() throws Exception {
    node.restartDaemon(handler(Start.TEMPLATE, 0), warm(true, NOTHING, 0));
    until(() -> node.sandboxes().warmStatus().templates().getFirst().template().isPresent());
    node.vmm().failNext(Operation.GROW, new VmException.Exhausted("no slot", null));
    var linux =
        LinuxPodSandboxConfig.newBuilder()
            .setResources(LinuxContainerResources.newBuilder().setMemoryLimitInBytes(512L << 20));
    String id = node.sandboxes().run(node.pod("big").setLinux(linux).build(), PodNode.HANDLER);

    VmSpec spec = node.vmm().machine(id).orElseThrow().spec();
    assertThat(spec.memoryMib()).isEqualTo(640);
  }

  @Test
  void aTemplateThatNoLongerFitsIsMadeAgain() throws Exception {
    startWithPool(1);
    node.vmm().forgetTemplates();
    node.run("web");

    until(() -> node.vmm().calls(Operation.MAKE_TEMPLATE).size() == 2);
    until(() -> ready() == 1);
  }

  @Test
  void theWarmUpLivesContainersLivesAndLeavesNothing() throws Exception {
    node.script(process -> process.out("warm\n"));
    var settings =
        new PodSettings(
            node.state(), root.resolve("run"), Map.of(PodNode.HANDLER, handler(Start.TEMPLATE, 0)),
            Duration.ofSeconds(5), Duration.ofSeconds(5), 64L << 20, Duration.ofSeconds(10),
            root.resolve("resolv.conf"), root.resolve("seccomp"));
    var attached = new AtomicInteger();
    node.vmm().before(Operation.ATTACH_DISK, _ -> attached.incrementAndGet());
    var warmup = new GuestWarmup(node.images(), FakeImages.NAME, settings);
    var left = new java.util.concurrent.LinkedBlockingQueue<Object>();
    Warmup watched =
        vm -> {
          warmup.run(vm);
          left.add(vm.record().disks());
          left.add(node.agent(vm.id()).containers());
        };
    node.restartDaemon(handler(Start.TEMPLATE, 0), warm(true, watched, 0));

    assertThat(left.poll(20, TimeUnit.SECONDS)).isEqualTo(List.of());
    assertThat(left.poll(20, TimeUnit.SECONDS)).isEqualTo(java.util.Set.of());
    until(() -> node.sandboxes().warmStatus().templates().getFirst().template().isPresent());
    assertThat(attached.get()).isGreaterThanOrEqualTo(8);
    until(() -> node.vmm().running().isEmpty() && node.networks().live().isEmpty());
    assertThat(Files.list(node.state().resolve("scratch")).filter(file -> file.toString().contains("warm-up"))).isEmpty();
    assertThat(node.images().leases()).isZero();
  }
}
