package dev.izolo.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.agent.v1.ContainerUsage;
import dev.izolo.agent.v1.GetStatsResponse;
import dev.izolo.agent.v1.InterfaceUsage;
import dev.izolo.agent.v1.Usage;
import java.util.Set;
import org.junit.jupiter.api.Test;

class UsageSampleTest {
  private static final long SECOND = 1_000_000_000L;

  private static GetStatsResponse.Builder at(long unixNanos, long cpuNanos) {
    Usage usage = Usage.newBuilder().setAtUnixNanos(unixNanos).setCpuUsageNanos(cpuNanos).build();
    return GetStatsResponse.newBuilder().setSandbox(usage)
        .addContainers(ContainerUsage.newBuilder().setContainerId("a").setUsage(usage));
  }

  private static UsageSample sample(GetStatsResponse.Builder answer, UsageSample before) {
    return UsageSample.of(Set.of("a"), answer.build(), before);
  }

  @Test
  void theRateIsTakenBetweenTwoSamples() {
    UsageSample first = sample(at(10 * SECOND, SECOND), null);
    assertThat(first.sandbox().shownCpu().hasUsageNanoCores()).isFalse();
    UsageSample second = sample(at(14 * SECOND, 3 * SECOND), first);
    assertThat(second.sandbox().shownCpu().getUsageNanoCores().getValue()).isEqualTo(SECOND / 2);
    assertThat(second.sandbox().shownCpu().getTimestamp()).isEqualTo(14 * SECOND);
    assertThat(second.container("a").orElseThrow().usage().shownCpu().getUsageNanoCores().getValue())
        .isEqualTo(SECOND / 2);
  }

  @Test
  void samplesTooCloseToEachOtherKeepTheRateAndItsStretch() {
    UsageSample first = sample(at(10 * SECOND, 0), null);
    UsageSample second = sample(at(12 * SECOND, 2 * SECOND), first);
    UsageSample close = sample(at(12 * SECOND + SECOND / 2, 2 * SECOND), second);
    assertThat(close.sandbox().shownCpu().getUsageNanoCores().getValue()).isEqualTo(SECOND);
    assertThat(close.sandbox().shownCpu().getUsageCoreNanoSeconds().getValue()).isEqualTo(2 * SECOND);
    UsageSample later = sample(at(13 * SECOND, 2 * SECOND), close);
    assertThat(later.sandbox().shownCpu().getUsageNanoCores().getValue()).isZero();
  }

  @Test
  void aClockOrACounterThatRunsBackBeginsAnew() {
    UsageSample first = sample(at(10 * SECOND, 5 * SECOND), null);
    assertThat(sample(at(9 * SECOND, 6 * SECOND), first).sandbox().shownCpu().hasUsageNanoCores()).isFalse();
    assertThat(sample(at(12 * SECOND, 4 * SECOND), first).sandbox().shownCpu().hasUsageNanoCores()).isFalse();
    assertThat(sample(at(Long.MAX_VALUE, Long.MAX_VALUE), sample(at(-5, -5), null)).sandbox().shownCpu()
        .getUsageNanoCores().getValue()).isNotNegative();
  }

  @Test
  void keepsNothingThatWasNotAskedFor() {
    var answer = at(1, 1).addContainers(ContainerUsage.newBuilder().setContainerId("unknown"))
        .addContainers(ContainerUsage.newBuilder().setContainerId("a").setWritableUsedBytes(99));
    for (int i = 0; i < 10_000; i++) {
      answer.addInterfaces(InterfaceUsage.newBuilder().setName("eth" + i));
    }
    answer.addInterfaces(0, InterfaceUsage.newBuilder().setName("x".repeat(100)));
    UsageSample sample = sample(answer, null);
    assertThat(sample.containers()).containsOnlyKeys("a");
    assertThat(sample.container("a").orElseThrow().writableUsedBytes()).as("the first of two").isZero();
    assertThat(sample.interfaces()).hasSize(32).first().extracting(UsageSample.Interface::name).isEqualTo("eth0");
  }

  @Test
  void loopbackIsNoTrafficOfAPod() {
    var answer = at(1, 1).addInterfaces(InterfaceUsage.newBuilder().setName("lo"))
        .addInterfaces(InterfaceUsage.newBuilder().setName("eth0").setRxBytes(7));
    assertThat(sample(answer, null).interfaces()).containsExactly(new UsageSample.Interface("eth0", 7, 0, 0, 0));
  }

  @Test
  void numbersThatNoKernelGivesAreShownAsZero() {
    var usage = Usage.newBuilder().setMemoryWorkingSetBytes(-1).setMemoryLimitBytes(5).setCpuUsageNanos(-9);
    UsageSample sample = sample(GetStatsResponse.newBuilder().setSandbox(usage), null);
    assertThat(sample.sandbox().shownMemory().getWorkingSetBytes().getValue()).isZero();
    assertThat(sample.sandbox().shownCpu().getUsageCoreNanoSeconds().getValue()).isZero();
  }
}
