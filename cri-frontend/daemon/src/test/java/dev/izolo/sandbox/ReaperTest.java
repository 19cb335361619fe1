package dev.izolo.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ReaperTest {
  @Test
  void triesUntilItWorks() throws Exception {
    var tries = new AtomicInteger();
    var done = new CountDownLatch(1);
    try (var reaper = new Reaper(Duration.ofMillis(1))) {
      reaper.run(
          "x",
          () -> {
            if (tries.incrementAndGet() < 3) {
              throw new IllegalStateException("busy");
            }
            done.countDown();
          });
      assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
      assertThat(tries).hasValue(3);
    }
  }
}
