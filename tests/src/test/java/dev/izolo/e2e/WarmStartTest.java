package dev.izolo.e2e;

import static dev.izolo.e2e.harness.IzoloUnderTest.reference;
import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.cri.v1.LinuxContainerResources;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.e2e.harness.Container;
import dev.izolo.e2e.harness.Fixtures;
import dev.izolo.e2e.harness.IzoloUnderTest;
import dev.izolo.e2e.harness.Patience;
import dev.izolo.e2e.harness.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Pods from a pool of copied VMs: as separate as booted ones, and gone without a trace. */
@Tag("vm")
class WarmStartTest {
  private static final String BOX = reference("box");
  private static final int POOL = 2;
  private static final String WAIT = "while :; do sleep 100; done";

  @RegisterExtension
  static final IzoloUnderTest izolo =
      IzoloUnderTest.with(Map.of("box", Fixtures.busybox()))
          .configured(config -> config.set("template", "enabled", true).set("pool", "size", POOL))
          .unaudited();

  @BeforeEach
  void fullPool() {
    Patience.until("the pool to be full", Patience.seconds(180), () -> ready() == POOL);
  }

  /** From the pool's JSON, {@code {"size":2,"ready":1,...}}. */
  private static int ready() {
    String pool = izolo.cri().statusInfo().get("pool");
    return Integer.parseInt(pool.replaceAll("^\\{\"size\":\\d+,\"ready\":(\\d+),.*", "$1"));
  }

  @Test
  void siblingsShareNeitherIdentityNorRandomness() {
    try (Pod first = izolo.runPod(); Pod second = izolo.runPod()) {
      assertThat(first.timeline()).as("from the pool").contains("claim");
      assertThat(second.timeline()).as("from the pool").contains("claim");
      Container a = first.start(Pod.script(BOX, WAIT));
      Container b = second.start(Pod.script(BOX, WAIT));
      for (String what : List.of(
          "cat /proc/sys/kernel/random/boot_id",
          "head -c 32 /dev/urandom | od -An -tx1",
          "cat /proc/sys/kernel/random/uuid",
          "cat /sys/class/net/eth0/address",
          "hostname -i")) {
        assertThat(a.sh(what)).as(what).isNotEqualTo(b.sh(what)).isNotBlank();
      }
      for (Container container : List.of(a, b)) {
        long before = System.currentTimeMillis() / 1000;
        long guest = Long.parseLong(container.sh("date +%s").strip());
        long after = System.currentTimeMillis() / 1000;
        assertThat(guest).isBetween(before - 1, after + 1);
      }
    }
  }

  @Test
  void aBurstBeyondThePoolIsServed() {
    List<CompletableFuture<Pod>> burst = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      burst.add(CompletableFuture.supplyAsync(izolo::runPod, task -> Thread.ofVirtual().start(task)));
    }
    List<Pod> pods = burst.stream().map(CompletableFuture::join).toList();
    try {
      assertThat(pods).extracting(Pod::ip).doesNotHaveDuplicates();
      assertThat(pods).filteredOn(pod -> pod.timeline().contains("\"claim\"")).hasSizeGreaterThanOrEqualTo(POOL);
    } finally {
      pods.forEach(Pod::close);
    }
  }

  @Test
  void aWaitingVmGrowsToWhatItsPodIsAllowed() {
    PodSandboxConfig.Builder config = izolo.podConfig();
    config.getLinuxBuilder().setResources(
        LinuxContainerResources.newBuilder().setCpuPeriod(100_000).setCpuQuota(200_000)
            .setMemoryLimitInBytes(400L << 20));
    try (Pod pod = izolo.cri().runPod(config.build())) {
      assertThat(pod.timeline()).contains("claim").contains("grow");
      Container container = pod.start(Pod.script(BOX, WAIT));
      assertThat(container.sh("nproc").strip()).isEqualTo("2");
      long kib = Long.parseLong(container.sh("awk '/^MemTotal/ {print $2}' /proc/meminfo").strip());
      assertThat(kib).isGreaterThan(400L << 10);
    }
  }

  @Test
  void theDaemonsEndLeavesPodsAloneAndNoSandboxThatWaits() {
    Pod pod = izolo.runPod();
    Container container = pod.start(Pod.script(BOX, WAIT));
    izolo.daemon().terminate();
    assertThat(izolo.virtualMachines()).hasSize(1);
    assertThat(izolo.node().run("ip", "netns", "list").lines()).hasSize(1);
    izolo.restarted();
    try (Pod found = new Pod(izolo.cri(), pod.id(), pod.config())) {
      assertThat(found.ip()).isNotBlank();
      assertThat(new Container(found, container.id(), container.config()).sh("echo alive")).isEqualTo("alive\n");
    }
  }

  @Test
  void theNextDaemonGivesBackWhatAKilledOneLeftWaiting() {
    List<Long> waiting = izolo.virtualMachines();
    assertThat(waiting).hasSize(POOL);
    izolo.daemon().kill9();
    assertThat(izolo.virtualMachines()).containsAll(waiting);
    izolo.restarted();
    assertThat(izolo.virtualMachines()).doesNotContainAnyElementsOf(waiting);
  }

  @AfterAll
  static void nothingIsLeftOfADrainedPool() throws IOException {
    izolo.cri().removeAllPods();
    assertThat(izolo.daemon().terminate()).as("ended by SIGTERM").isIn(0, 143);
    assertThat(izolo.virtualMachines()).isEmpty();
    assertThat(izolo.node().run("ip", "netns", "list")).isBlank();
    for (String directory : List.of("r/vms", "r/uids", "s/sandboxes", "s/network")) {
      try (var left = Files.list(izolo.home().resolve(directory))) {
        assertThat(left).as(directory).isEmpty();
      }
    }
  }
}
