package dev.izolo.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** What pods that do nothing cost the host: memory beyond their guests' own, processor time, and the daemon's size. */
final class FootprintBenchmark implements Benchmark {
  private static final int PODS = 20;
  private static final Duration SETTLE = Duration.ofSeconds(10);
  private static final Duration WINDOW = Duration.ofSeconds(30);
  private static final String MEMORY = "idle_pod.host_memory";
  private static final String GUEST = "idle_pod.guest_ram";
  private static final String CPU = "idle_pod.cpu";
  private static final String RSS = "daemon.rss";

  /** Part of the name of the mapping that QEMU gives a guest's RAM. */
  private final String ramMapping;

  FootprintBenchmark(String ramMapping) {
    this.ramMapping = ramMapping;
  }

  @Override
  public List<String> names() {
    return List.of(MEMORY, GUEST, CPU, RSS + ".0_pods", RSS + ".20_pods");
  }

  @Override
  public List<Result> run(Bench bench) throws Exception {
    Samples memory = new Samples();
    Samples guest = new Samples();
    Samples cpu = new Samples();
    Samples rssEmpty = new Samples();
    Samples rssFull = new Samples();
    CriTarget target = bench.template(); // no refilling of a pool beside the measurement
    rssEmpty.add(Processes.rssMib(bench.daemonPid()));
    List<String> sandboxes = new ArrayList<>();
    try {
      for (int i = 0; i < PODS; i++) {
        sandboxes.add(target.runPodSandbox(target.pod()));
      }
      LockSupport.parkNanos(SETTLE.toNanos()); // what is measured is a quiet pod, not its start
      List<Double> before = new ArrayList<>();
      for (String sandbox : sandboxes) {
        before.add(cpuOf(sandbox));
      }
      LockSupport.parkNanos(WINDOW.toNanos());
      for (int i = 0; i < sandboxes.size(); i++) {
        cpu.add((cpuOf(sandboxes.get(i)) - before.get(i)) / WINDOW.toSeconds() * 100);
        double other = 0;
        double ram = 0;
        for (long pid : Processes.mentioning(sandboxes.get(i))) {
          Processes.Pss pss = Processes.pss(pid, ramMapping);
          other += pss.other();
          ram += pss.guestRam();
        }
        memory.add(other);
        guest.add(ram);
      }
      rssFull.add(Processes.rssMib(bench.daemonPid()));
    } finally {
      for (String sandbox : sandboxes) {
        target.stopAndRemove(sandbox);
      }
    }
    return List.of(
        Result.of(MEMORY, "MiB", memory).withBar(64).withNote("PSS of the sandbox's processes without guest RAM"),
        Result.of(GUEST, "MiB", guest).withNote("PSS of guest RAM"),
        Result.of(CPU, "percent", cpu).withBar(2).withNote("of one core, over " + WINDOW.toSeconds() + " s"),
        Result.of(RSS + ".0_pods", "MiB", rssEmpty),
        Result.of(RSS + ".20_pods", "MiB", rssFull).withBar(150));
  }

  private static double cpuOf(String sandbox) throws java.io.IOException {
    double seconds = 0;
    for (long pid : Processes.mentioning(sandbox)) {
      seconds += Processes.cpuSeconds(pid);
    }
    return seconds;
  }
}
