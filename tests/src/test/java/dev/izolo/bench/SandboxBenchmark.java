package dev.izolo.bench;

import dev.izolo.cri.v1.PodSandboxConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** RunPodSandbox by each way a sandbox can start, and Stop + Remove of an empty pod. */
final class SandboxBenchmark implements Benchmark {
  private static final String RUN = "run_pod_sandbox";
  private static final String STOP = "stop_remove_pod";

  @Override
  public List<String> names() {
    return List.of(RUN + ".pool", RUN + ".template", RUN + ".cold", STOP);
  }

  @Override
  public List<Result> run(Bench bench) throws Exception {
    Map<String, CriTarget> ways = new LinkedHashMap<>();
    ways.put("pool", bench.pool());
    bench.containerd().ifPresent(c -> ways.put("containerd", c));
    ways.put("template", bench.template());
    ways.put("cold", bench.cold());
    Map<String, Samples> run = new LinkedHashMap<>();
    Map<String, Samples> stop = new LinkedHashMap<>();
    int slow = Math.max(3, bench.iterations() / 4);
    for (int i = -1; i < bench.iterations(); i++) { // the first round warms up
      for (var way : ways.entrySet()) {
        if (way.getKey().equals("cold") && i >= slow) {
          continue;
        }
        CriTarget target = way.getValue();
        // Also for those that do not take from it: its refilling would be measured with them.
        PoolGauge.awaitRefill(bench.pool());
        PodSandboxConfig pod = target.pod();
        var started = Bench.timed(() -> target.runPodSandbox(pod));
        var stopped = Bench.timed(() -> {
          target.stopAndRemove(started.value());
          return null;
        });
        if (i >= 0) {
          run.computeIfAbsent(way.getKey(), k -> new Samples()).add(started.millis());
          stop.computeIfAbsent(way.getKey(), k -> new Samples()).add(stopped.millis());
        }
      }
    }
    Optional<Samples> kernel = bench.floors().bareKernel();
    List<Result> results = new ArrayList<>();
    Result pool = Result.of(RUN + ".pool", "ms", run.get("pool")).withBar(1.0);
    results.add(run.containsKey("containerd") ? pool.against("containerd." + RUN, run.get("containerd")) : pool.withNote("no containerd"));
    Result template = Result.of(RUN + ".template", "ms", run.get("template")).withBar(0.6);
    Result cold = Result.of(RUN + ".cold", "ms", run.get("cold")).withBar(5);
    results.add(kernel.map(k -> template.against("floor.bare_kernel", k)).orElse(template));
    results.add(kernel.map(k -> cold.against("floor.bare_kernel", k)).orElse(cold));
    Result stopped = Result.of(STOP, "ms", stop.get("pool"));
    results.add(stop.containsKey("containerd") ? stopped.against("containerd." + STOP, stop.get("containerd")) : stopped);
    return results;
  }
}
