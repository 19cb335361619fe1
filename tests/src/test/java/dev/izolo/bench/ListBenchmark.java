package dev.izolo.bench;

import dev.izolo.cri.v1.PodSandboxConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/** List calls with a hundred containers, in ten pods of ten. */
final class ListBenchmark implements Benchmark {
  private static final int PODS = 10;
  private static final int CONTAINERS_PER_POD = 10;
  private static final Map<String, ToIntFunction<CriTarget>> CALLS = new LinkedHashMap<>();

  static {
    CALLS.put("list_containers_100", CriTarget::listContainers);
    CALLS.put("list_pod_sandboxes_100", CriTarget::listPodSandboxes);
    CALLS.put("list_container_stats_100", CriTarget::listContainerStats);
  }

  @Override
  public List<String> names() {
    return List.copyOf(CALLS.keySet());
  }

  @Override
  public List<Result> run(Bench bench) throws Exception {
    Map<CriTarget, List<String>> sandboxes = new LinkedHashMap<>();
    Map<String, Map<CriTarget, Samples>> samples = new LinkedHashMap<>();
    try {
      for (CriTarget target : bench.peers()) {
        List<String> made = sandboxes.computeIfAbsent(target, t -> new ArrayList<>());
        for (int p = 0; p < PODS; p++) {
          PodSandboxConfig pod = target.pod();
          String sandbox = target.runPodSandbox(pod);
          made.add(sandbox);
          for (int c = 0; c < CONTAINERS_PER_POD; c++) {
            target.startContainer(target.createContainer(sandbox, pod, bench.image(), "c" + c, List.of("sleep", "86400")));
          }
        }
      }
      for (var call : CALLS.entrySet()) {
        samples.put(call.getKey(), measured(bench, call.getValue()));
      }
    } finally {
      sandboxes.forEach((target, ids) -> ids.forEach(target::stopAndRemove));
    }
    List<Result> results = new ArrayList<>();
    samples.forEach((name, byTarget) -> {
      Result ours = Result.of(name, "ms", byTarget.get(bench.pool())).withBar(1.0);
      results.add(bench.containerd().map(c -> ours.against("containerd." + name, byTarget.get(c))).orElse(ours));
    });
    return results;
  }

  /** One call at a time, and who goes first changes: a long call of one would leave the other's next with cold caches. */
  private static Map<CriTarget, Samples> measured(Bench bench, ToIntFunction<CriTarget> call) throws Exception {
    Map<CriTarget, Samples> samples = new LinkedHashMap<>();
    for (int i = -3; i < bench.iterations(); i++) {
      for (CriTarget target : i % 2 == 0 ? bench.peers() : bench.peers().reversed()) {
        var timed = Bench.timed(() -> call.applyAsInt(target));
        if (i >= 0) {
          samples.computeIfAbsent(target, t -> new Samples()).add(timed.millis());
        }
      }
    }
    return samples;
  }
}
