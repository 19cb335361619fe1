package dev.izolo.bench;

import dev.izolo.cri.v1.PodSandboxConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A whole pod to its first line of log, pods per minute, and twenty pods at once. */
final class PodBenchmark implements Benchmark {
  private static final String FIRST_LOG = "pod_to_first_log_line";
  private static final String RATE = "pods_per_minute";
  private static final String BURST = "burst_20_pods";
  private static final int BURST_PODS = 20;

  @Override
  public List<String> names() {
    return List.of(FIRST_LOG, RATE, BURST);
  }

  @Override
  public List<Result> run(Bench bench) throws Exception {
    List<Result> results = new ArrayList<>();
    results.add(firstLog(bench));
    results.addAll(rate(bench));
    results.add(burst(bench));
    return results;
  }

  private static Result firstLog(Bench bench) throws Exception {
    Map<CriTarget, Samples> samples = new LinkedHashMap<>();
    for (int i = -1; i < bench.iterations() / 2; i++) {
      for (CriTarget target : bench.peers()) {
        if (target == bench.pool()) {
          PoolGauge.awaitRefill(target);
        }
        PodSandboxConfig pod = target.pod();
        Path log = target.log(pod, "echo");
        Files.createDirectories(log.getParent());
        var whole = Bench.timed(() -> {
          String sandbox = target.runPodSandbox(pod);
          target.startContainer(target.createContainer(sandbox, pod, bench.image(), "echo", List.of("echo", "ok")));
          awaitContent(log);
          return sandbox;
        });
        target.stopAndRemove(whole.value());
        if (i >= 0) {
          samples.computeIfAbsent(target, t -> new Samples()).add(whole.millis());
        }
      }
    }
    Result ours = Result.of(FIRST_LOG, "ms", samples.get(bench.pool()));
    return bench.containerd().map(c -> ours.against("containerd." + FIRST_LOG, samples.get(c))).orElse(ours);
  }

  private static List<Result> rate(Bench bench) throws Exception {
    int pods = Math.max(6, bench.iterations() / 2);
    Map<CriTarget, Samples> samples = new LinkedHashMap<>();
    for (CriTarget target : bench.peers()) {
      var all = Bench.timed(() -> {
        for (int i = 0; i < pods; i++) {
          target.stopAndRemove(target.runPodSandbox(target.pod()));
        }
        return null;
      });
      Samples one = new Samples();
      one.add(pods / (all.millis() / 60_000));
      samples.put(target, one);
    }
    Result ours = Result.of(RATE, "pods/min", samples.get(bench.pool()))
        .withNote(pods + " pods one after the other, higher is better");
    return List.of(bench.containerd().map(c -> ours.against("containerd." + RATE, samples.get(c))).orElse(ours));
  }

  private static Result burst(Bench bench) throws Exception {
    CriTarget target = bench.pool();
    PoolGauge.awaitRefill(target);
    List<String> sandboxes = new ArrayList<>();
    Samples samples = new Samples();
    int failed = 0;
    int notReady = 0;
    String firstError = "";
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      long from = System.nanoTime();
      List<Future<String>> running = new ArrayList<>();
      for (int i = 0; i < BURST_PODS; i++) {
        Callable<String> one = () -> target.runPodSandbox(target.pod());
        running.add(threads.submit(one));
      }
      for (Future<String> one : running) {
        try {
          sandboxes.add(one.get());
        } catch (java.util.concurrent.ExecutionException e) {
          failed++;
          firstError = String.valueOf(e.getCause().getMessage());
        }
      }
      samples.add((System.nanoTime() - from) / 1e6);
      for (String sandbox : sandboxes) {
        notReady += target.isReady(sandbox) ? 0 : 1;
      }
    } finally {
      for (String sandbox : sandboxes) {
        target.stopAndRemove(sandbox);
      }
    }
    String outcome = sandboxes.size() - notReady + " of " + BURST_PODS + " Ready, " + failed + " failed"
        + (firstError.isEmpty() ? "" : ": " + firstError);
    return Result.of(BURST, "ms", samples).withNote(outcome);
  }

  /** Waits until the file has at least one whole line, woken by the kernel's notifications. */
  private static void awaitContent(Path log) throws IOException, InterruptedException, TimeoutException {
    try (WatchService watch = log.getFileSystem().newWatchService()) {
      log.getParent().register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
      while (!Files.exists(log) || Files.size(log) == 0) {
        WatchKey key = watch.poll(60, TimeUnit.SECONDS);
        if (key == null) {
          throw new TimeoutException("no line in " + log + " within 60 s");
        }
        key.reset();
      }
    }
  }
}
