package dev.izolo.sandbox;

import dev.izolo.lifecycle.Timeline;
import dev.izolo.vm.Template;
import dev.izolo.vm.VmException;
import dev.izolo.vm.Vmm;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps templates and the pool as they should be, on one thread, one thing at a time, and only while nobody waits for a
 * pod. What fails is tried again, more and more rarely; pods start in slower ways meanwhile.
 */
final class WarmStart implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(WarmStart.class);
  /** What shapes a template (QEMU, kernel, root) can change without anybody telling: looked at this often. */
  private static final Duration LOOK = Duration.ofSeconds(60);
  private static final Duration FIRST_RETRY = Duration.ofSeconds(5);
  private static final Duration LONGEST_RETRY = Duration.ofMinutes(5);

  /** Asks the host, or a test's. */
  @FunctionalInterface
  interface MemoryGauge {
    HostMemory read() throws IOException;
  }

  /** When something that failed may be tried again. */
  private record Retry(long atNanoTime, Duration pause, String why) {}

  /** A thing to do. */
  private record Job(String what, Duration quiet, Work work) {}

  @FunctionalInterface
  private interface Work {
    void run() throws Exception;
  }

  private final Vmm vmm;
  private final Map<String, RuntimeHandler> handlers;
  private final WarmSettings warm;
  private final SpareSandboxes spares;
  private final Activity activity;
  private final MemoryGauge memory;
  private final WarmPool pool;
  private final Set<VmSize> templateSizes = new LinkedHashSet<>();
  private final Map<String, Retry> retries = new HashMap<>();
  private Thread thread;
  private boolean wanted = true;
  private volatile boolean closed;
  private volatile String doing = "";

  WarmStart(
      Vmm vmm,
      Map<String, RuntimeHandler> handlers,
      WarmSettings warm,
      SpareSandboxes spares,
      Activity activity,
      MemoryGauge memory) {
    this.vmm = vmm;
    this.handlers = new TreeMap<>(handlers);
    this.warm = warm;
    this.spares = spares;
    this.activity = activity;
    this.memory = memory;
    this.pool = new WarmPool(handlers, warm.maxPoolBytes(), spares, this::wake);
    if (warm.templates()) {
      this.handlers.values().stream()
          .filter(handler -> handler.start() != RuntimeHandler.Start.COLD)
          .forEach(handler -> templateSizes.add(handler.size()));
    }
  }

  /** Begins to work. */
  synchronized void start() {
    if (thread == null && !closed && !(templateSizes.isEmpty() && pool.sizes().isEmpty())) {
      thread = Thread.ofPlatform().daemon().name("warm-start").start(this::run);
    }
  }

  /** A waiting sandbox for a pod of this handler, if there is one. */
  Optional<Spare> claim(RuntimeHandler handler) {
    if (handler.start() != RuntimeHandler.Start.POOL) {
      return Optional.empty();
    }
    while (true) {
      Optional<Spare> spare = pool.claim(handler.size());
      if (spare.isEmpty() || spare.get().isUsable()) {
        return spare;
      }
      Thread.ofVirtual().name("spare-dead").start(() -> discard(spare.get()));
    }
  }

  private void discard(Spare spare) {
    try {
      spares.discard(spare);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void wake() {
    wanted = true;
    notifyAll();
  }

  private synchronized void await(Duration longest) throws InterruptedException {
    if (!wanted) {
      wait(longest.toMillis());
    }
    wanted = false;
  }

  private void run() {
    try {
      while (!closed) {
        Optional<Job> job = next();
        if (job.isPresent()) {
          activity.awaitQuiet(job.get().quiet());
          run(job.get());
        } else {
          await(nextLook());
        }
      }
    } catch (InterruptedException e) {
      log.debug("no more templates and waiting sandboxes are made");
    }
  }

  private void run(Job job) throws InterruptedException {
    doing = job.what();
    try {
      long from = System.nanoTime();
      job.work().run();
      retries.remove(job.what());
      log.info("{} after {} ms", job.what(), (System.nanoTime() - from) / 1_000_000);
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      if (closed) {
        return;
      }
      Retry before = retries.get(job.what());
      Duration pause = before == null ? FIRST_RETRY : before.pause().multipliedBy(2);
      pause = pause.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : pause;
      retries.put(job.what(), new Retry(System.nanoTime() + pause.toNanos(), pause, String.valueOf(e.getMessage())));
      if (e instanceof VmException.Unsupported) {
        log.info("{}: not on this host: {}", job.what(), e.getMessage());
      } else {
        log.warn("{} failed, trying again in {} s", job.what(), pause.toSeconds(), e);
      }
    } finally {
      doing = "";
    }
  }

  private Optional<Job> next() {
    for (VmSize size : templateSizes) {
      String what = "template of " + text(size);
      if (mayTry(what) && template(size).isEmpty() && memorySuffices(what, size)) {
        return Optional.of(
            new Job(what, warm.templateQuiet(), () -> spares.makeTemplate(size, warm, new Timeline())));
      }
    }
    for (VmSize size : pool.shortOf()) {
      String what = "waiting sandbox of " + text(size);
      if (mayTry(what) && memorySuffices(what, size)) {
        return Optional.of(new Job(what, warm.refillQuiet(), () -> fill(size)));
      }
    }
    return Optional.empty();
  }

  private void fill(VmSize size) throws Exception {
    String handler =
        handlers.entrySet().stream()
            .filter(entry -> entry.getValue().start() == RuntimeHandler.Start.POOL && entry.getValue().size().equals(size))
            .map(Map.Entry::getKey)
            .findFirst()
            .orElseThrow();
    pool.put(spares.make(handler, size, new Timeline()));
  }

  private Optional<Template> template(VmSize size) {
    return vmm.template(size.vcpus(), size.memoryMib());
  }

  private boolean mayTry(String what) {
    Retry retry = retries.get(what);
    return retry == null || System.nanoTime() - retry.atNanoTime() >= 0;
  }

  /** What is made ahead never takes the memory that pods need. */
  private boolean memorySuffices(String what, VmSize size) {
    try {
      if (memory.read().canSpare(WarmPool.bytes(size))) {
        return true;
      }
      log.debug("no {}: too little of the host's memory is available", what);
    } catch (IOException e) {
      log.warn("no {}: cannot tell how much of the host's memory is available: {}", what, e.toString());
    }
    retries.put(what, new Retry(System.nanoTime() + LOOK.toNanos(), LOOK, "too little memory is available"));
    return false;
  }

  /** When something may be tried again; what may be by now and was not is not needed. */
  private Duration nextLook() {
    long now = System.nanoTime();
    return retries.values().stream()
        .filter(retry -> retry.atNanoTime() - now > 0)
        .map(retry -> Duration.ofNanos(retry.atNanoTime() - now).plusMillis(1))
        .min(Duration::compareTo)
        .filter(soonest -> soonest.compareTo(LOOK) < 0)
        .orElse(LOOK);
  }

  private static String text(VmSize size) {
    return size.vcpus() + " vCPU, " + size.memoryMib() + " MiB";
  }

  WarmStatus status() {
    var byHandler = new TreeMap<String, WarmStatus.Pool>();
    handlers.forEach(
        (name, handler) -> {
          if (handler.start() == RuntimeHandler.Start.POOL) {
            byHandler.put(name, new WarmStatus.Pool(pool.target(handler.size()), pool.ready(handler.size())));
          }
        });
    int target = pool.sizes().stream().mapToInt(pool::target).sum();
    int ready = pool.sizes().stream().mapToInt(pool::ready).sum();
    var templates =
        templateSizes.stream()
            .map(size -> new WarmStatus.SavedVm(size, doing.equals("template of " + text(size)), template(size)))
            .toList();
    return new WarmStatus(new WarmStatus.Pool(target, ready), byHandler, templates);
  }

  /** Ends the work and gives back what waits. */
  @Override
  public void close() {
    closed = true;
    pool.close();
    Thread working;
    synchronized (this) {
      working = thread;
    }
    boolean interrupted = false;
    try {
      if (working != null) {
        working.interrupt();
        // What it was making is given back before it ends.
        working.join();
      }
      // A thread that has ended by then is joined without a look at the interrupt.
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      pool.drain();
    } catch (InterruptedException e) {
      interrupted = true;
      log.warn("interrupted while giving back waiting sandboxes; the next daemon gives back the rest");
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
