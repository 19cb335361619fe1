package dev.izolo.sandbox;

import dev.izolo.lifecycle.Concurrently;
import dev.izolo.state.CriException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What sandboxes use, from samples that every caller shares. */
public final class UsageSamples {
  private static final Logger log = LoggerFactory.getLogger(UsageSamples.class);

  private final Duration maxAge;
  private final Function<Sandbox, Set<String>> runningContainers;

  /**
   * @param maxAge of a sample; zero has every guest asked at every call
   * @param runningContainers ids of the sandbox's containers that run at the time
   */
  public UsageSamples(Duration maxAge, Function<Sandbox, Set<String>> runningContainers) {
    this.maxAge = maxAge;
    this.runningContainers = runningContainers;
  }

  /** Of one; waits where there is none that will do. */
  public UsageSample of(Sandbox sandbox) throws CriException, InterruptedException {
    return sandbox.usage().read(() -> runningContainers.apply(sandbox), maxAge);
  }

  /** Of those that answer. Only sandboxes that must be asked take a thread, and they are asked side by side. */
  public Map<Sandbox, UsageSample> ofAll(Collection<Sandbox> sandboxes) throws InterruptedException {
    var samples = new HashMap<Sandbox, UsageSample>();
    var tasks = new ArrayList<Callable<Optional<Map.Entry<Sandbox, UsageSample>>>>();
    for (Sandbox sandbox : sandboxes) {
      try {
        Optional<UsageSample> kept = sandbox.usage().readKept(() -> runningContainers.apply(sandbox), maxAge);
        if (kept.isPresent()) {
          samples.put(sandbox, kept.get());
        } else {
          tasks.add(() -> ifAnswered(sandbox));
        }
      } catch (CriException e) {
        silent(sandbox, e);
      }
    }
    if (!tasks.isEmpty()) {
      List<Map.Entry<Sandbox, UsageSample>> answers = Concurrently.answers(tasks);
      answers.forEach(answer -> samples.put(answer.getKey(), answer.getValue()));
    }
    return samples;
  }

  private Optional<Map.Entry<Sandbox, UsageSample>> ifAnswered(Sandbox sandbox) throws InterruptedException {
    try {
      return Optional.of(Map.entry(sandbox, of(sandbox)));
    } catch (CriException e) {
      silent(sandbox, e);
      return Optional.empty();
    }
  }

  private static void silent(Sandbox sandbox, CriException why) {
    log.debug("sandbox={} gives no stats: {}", sandbox.id(), why.getMessage());
  }
}
