package dev.izolo.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.v1.ContainerUsage;
import dev.izolo.agent.v1.GetStatsResponse;
import dev.izolo.agent.v1.Usage;
import dev.izolo.state.CriException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class UsageSamplerTest {
  private static final Duration AGE = Duration.ofSeconds(10);
  private static final Duration FOREVER = Duration.ofSeconds(1000);

  private final HandTimer timer = new HandTimer();
  private final Guest guest = new Guest();
  private volatile boolean running = true;
  private volatile Set<String> containers = Set.of("a");
  private final UsageSampler sampler = new UsageSampler("s1", guest, () -> running, timer);

  /** Time that passes when told to; what is due then runs at once. */
  private static final class HandTimer implements UsageSampler.Timer {
    private long now = 1;
    private final List<Due> waiting = new java.util.ArrayList<>();

    private record Due(long at, Runnable task) {}

    @Override
    public synchronized long nanoTime() {
      return now;
    }

    @Override
    public synchronized void after(Duration delay, Runnable task) {
      waiting.add(new Due(now + delay.toNanos(), task));
    }

    void pass(Duration time) {
      List<Due> due;
      synchronized (this) {
        now += time.toNanos();
        due = waiting.stream().filter(d -> d.at <= now).toList();
        waiting.removeAll(due);
      }
      due.forEach(d -> d.task.run());
    }

    synchronized int waiting() {
      return waiting.size();
    }
  }

  /** A guest whose every question waits until the test lets it be answered. */
  private final class Guest implements UsageSampler.Source {
    private final BlockingQueue<Question> questions = new LinkedBlockingQueue<>();
    private volatile boolean answersAtOnce = true;
    private int asked;

    private record Question(Set<String> ids, CompletableFuture<GetStatsResponse> answer) {}

    @Override
    public GetStatsResponse ask(Set<String> ids) throws CriException, InterruptedException {
      var question = new Question(new TreeSet<>(ids), new CompletableFuture<>());
      synchronized (this) {
        asked++;
      }
      questions.add(question);
      if (answersAtOnce) {
        return answer(ids);
      }
      try {
        return question.answer.get();
      } catch (java.util.concurrent.ExecutionException e) {
        if (e.getCause() instanceof CriException failure) {
          throw failure;
        }
        throw new IllegalStateException(e.getCause());
      }
    }

    synchronized int asked() {
      return asked;
    }

    Question next() throws InterruptedException {
      Question question = questions.poll(10, TimeUnit.SECONDS);
      assertThat(question).as("the guest is asked").isNotNull();
      return question;
    }
  }

  private static GetStatsResponse answer(Set<String> ids) {
    var answer = GetStatsResponse.newBuilder().setSandbox(Usage.newBuilder().setAtUnixNanos(1));
    ids.forEach(id -> answer.addContainers(
        ContainerUsage.newBuilder().setContainerId(id).setUsage(Usage.newBuilder().setAtUnixNanos(1))));
    return answer.build();
  }

  private UsageSample read() throws Exception {
    return sampler.read(() -> containers, AGE);
  }

  private CompletableFuture<UsageSample> readAside(Duration age) {
    var result = new CompletableFuture<UsageSample>();
    Thread.ofVirtual().start(() -> {
      try {
        result.complete(sampler.read(() -> containers, age));
      } catch (Throwable e) {
        result.completeExceptionally(e);
      }
    });
    return result;
  }

  /** Until what the guest was last asked in the background has come in. */
  private void awaitTimer() {
    while (timer.waiting() == 0) {
      Thread.onSpinWait();
    }
  }

  @Test
  void everyoneIsAnsweredFromOneSampleUntilItIsTooOld() throws Exception {
    UsageSample first = sampler.read(() -> containers, FOREVER);
    timer.pass(Duration.ofSeconds(500));
    assertThat(sampler.read(() -> containers, FOREVER)).isSameAs(first);
    assertThat(sampler.readKept(() -> containers, FOREVER)).containsSame(first);
    assertThat(guest.asked()).isEqualTo(1);
    // Nothing came in meanwhile, so it is asked for again.
    running = false;
    timer.pass(Duration.ofSeconds(500));
    assertThat(sampler.readKept(() -> containers, FOREVER)).isEmpty();
    assertThat(sampler.read(() -> containers, FOREVER)).isNotSameAs(first);
    assertThat(guest.asked()).isEqualTo(2);
  }

  @Test
  void anAgeOfZeroAsksAtEveryCallAndNeverInBetween() throws Exception {
    sampler.read(() -> containers, Duration.ZERO);
    sampler.read(() -> containers, Duration.ZERO);
    assertThat(guest.asked()).isEqualTo(2);
    assertThat(sampler.readKept(() -> containers, Duration.ZERO)).isEmpty();
    assertThat(timer.waiting()).isZero();
  }

  @Test
  void thoseWhoAskAtOnceWaitForOneAnswer() throws Exception {
    guest.answersAtOnce = false;
    var first = readAside(AGE);
    Guest.Question question = guest.next();
    var second = readAside(AGE);
    var third = readAside(AGE);
    question.answer.complete(answer(Set.of("a")));
    assertThat(first.get()).isSameAs(second.get()).isSameAs(third.get());
    assertThat(guest.asked()).isEqualTo(1);
  }

  @Test
  void aContainerThatBeganAfterTheSampleHasItAskedForAnew() throws Exception {
    read();
    containers = Set.of("a", "b");
    assertThat(sampler.readKept(() -> containers, AGE)).isEmpty();
    assertThat(read().container("b")).isPresent();
    assertThat(guest.asked()).isEqualTo(2);
    assertThat(guest.next().ids).containsExactly("a");
    assertThat(guest.next().ids).containsExactly("a", "b");
  }

  @Test
  void aQuestionThatWasUnderWayWhenAContainerBeganIsNotEnough() throws Exception {
    guest.answersAtOnce = false;
    var early = readAside(AGE);
    Guest.Question question = guest.next();
    containers = Set.of("a", "b");
    var late = readAside(AGE);
    question.answer.complete(answer(Set.of("a")));
    early.get();
    Guest.Question again = guest.next();
    again.answer.complete(answer(again.ids));
    assertThat(late.get().container("b")).isPresent();
  }

  @Test
  void aContainerThatTheGuestLeavesOutIsNotAskedForOverAndOver() throws Exception {
    guest.answersAtOnce = false;
    var sample = readAside(AGE);
    guest.next().answer.complete(GetStatsResponse.getDefaultInstance());
    assertThat(sample.get().container("a")).isEmpty();
    assertThat(sampler.readKept(() -> containers, AGE)).isPresent();
    assertThat(guest.asked()).isEqualTo(1);
  }

  @Test
  void isAskedForInTheBackgroundWhileSomeoneKeepsAsking() throws Exception {
    UsageSample first = read();
    for (int round = 1; round <= 5; round++) {
      awaitTimer();
      timer.pass(Duration.ofSeconds(9));
      awaitTimer();
      assertThat(guest.asked()).isEqualTo(1 + round);
      assertThat(sampler.readKept(() -> containers, AGE)).isPresent().get().isNotSameAs(first);
    }
  }

  @Test
  void costsNothingOnceNobodyAsks() throws Exception {
    read();
    for (int round = 0; round < 10 && timer.waiting() > 0; round++) {
      timer.pass(Duration.ofSeconds(9));
      if (round < 2) {
        awaitTimer();
      }
    }
    assertThat(timer.waiting()).isZero();
    assertThat(guest.asked()).as("once, and while the caller might have come back").isEqualTo(3);
    timer.pass(AGE);
    read();
    assertThat(guest.asked()).isEqualTo(4);
  }

  @Test
  void asksNoMoreOfASandboxThatHasEndedOrWasLetGo() throws Exception {
    read();
    running = false;
    timer.pass(Duration.ofSeconds(9));
    assertThat(timer.waiting()).isZero();
    running = true;
    timer.pass(Duration.ofSeconds(9));
    read();
    sampler.close();
    timer.pass(Duration.ofSeconds(9));
    assertThat(timer.waiting()).isZero();
    assertThat(guest.asked()).isEqualTo(2);
  }

  @Test
  void aGuestThatAnswersTooLateIsWaitedForByNobodyElse() throws Exception {
    guest.answersAtOnce = false;
    var caller = readAside(AGE);
    Guest.Question question = guest.next();
    timer.pass(UsageSampler.LIMIT);
    question.answer.completeExceptionally(new CriException.Unavailable("no answer in time", null));
    assertThatThrownBy(caller::get).hasRootCauseMessage("no answer in time");
    assertThatThrownBy(() -> sampler.readKept(() -> containers, AGE)).isInstanceOf(CriException.Unavailable.class);
    // Tried again in the background, during which callers are still told at once.
    timer.pass(Duration.ofSeconds(9));
    Guest.Question again = guest.next();
    timer.pass(UsageSampler.LIMIT);
    assertThatThrownBy(this::read).hasMessage("no answer in time");
    again.answer.complete(answer(Set.of("a")));
    awaitTimer();
    assertThat(sampler.readKept(() -> containers, AGE)).isPresent();
  }

  @Test
  void aGuestThatFailsAtOnceIsAskedAtTheNextCall() throws Exception {
    guest.answersAtOnce = false;
    var caller = readAside(AGE);
    guest.next().answer.completeExceptionally(new CriException.Unavailable("gone", null));
    assertThatThrownBy(caller::get).hasRootCauseMessage("gone");
    guest.answersAtOnce = true;
    assertThat(read().container("a")).isPresent();
  }

  @Test
  void aFaultOfTheAnswersReaderFailsTheCallAndNothingElse() throws Exception {
    guest.answersAtOnce = false;
    var caller = readAside(AGE);
    guest.next().answer.completeExceptionally(new ArithmeticException("bug"));
    assertThatThrownBy(caller::get).hasCauseInstanceOf(CriException.Internal.class).hasMessageContaining("bug");
    guest.answersAtOnce = true;
    assertThat(read()).isNotNull();
  }

  @Test
  void aCallerThatIsInterruptedTakesTheAnswerFromNobody() throws Exception {
    guest.answersAtOnce = false;
    var interrupted = new CountDownLatch(1);
    Thread impatient = Thread.ofVirtual().start(() -> {
      try {
        read();
      } catch (InterruptedException e) {
        interrupted.countDown();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    });
    Guest.Question question = guest.next();
    var patient = readAside(AGE);
    impatient.interrupt();
    interrupted.await();
    question.answer.complete(answer(Set.of("a")));
    assertThat(patient.get().container("a")).isPresent();
  }
}
