package dev.izolo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeapTrimTest {
  private long committed = 20L << 20;
  private long kept = 20L << 20;
  private int collections;
  private final HeapTrim trim =
      new HeapTrim(
          () -> committed,
          () -> {
            collections++;
            committed = kept;
          });

  @Test
  void collectsOnceAfterTheHeapHasGrown() {
    committed = 50L << 20;
    trim.look();
    trim.look();
    assertThat(collections).isEqualTo(1);
    assertThat(committed).isEqualTo(20L << 20);
  }

  @Test
  void leavesAHeapAloneThatHasNotGrownByMuch() {
    committed += HeapTrim.WORTH_BYTES - 1;
    trim.look();
    assertThat(collections).isZero();
  }

  @Test
  void doesNotCollectAgainForWhatIsStillInUse() {
    committed = 60L << 20;
    kept = 45L << 20;
    trim.look();
    trim.look();
    assertThat(collections).isEqualTo(1);
  }

  @Test
  void measuresGrowthFromWhatAHeapHasShrunkTo() {
    committed = 12L << 20;
    trim.look();
    committed = 18L << 20;
    kept = 12L << 20;
    trim.look();
    assertThat(collections).isEqualTo(1);
  }
}
