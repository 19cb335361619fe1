package dev.izolo.bench;

import dev.izolo.cri.v1.PodSandboxConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * List calls with a hundred containers, in ten pods of ten. Those of less than a millisecond twice: as a daemon's first
 * ones, which it answers while its JVM still compiles, and after as many as a kubelet, which relists every second, makes
 * in half an hour. The bar is for the latter.
 */
final class ListBenchmark implements Benchmark {
  private static final int PODS = 10;
  private static final int CONTAINERS_PER_POD = 10;
  private static final String FIRST_CALLS = ".first_calls";
  /** The floor under the others: a call with next to nothing in it. */
  private static final String EMPTY = "version";
  private static final String STATS = "list_container_stats_100";
  private static final int WARM_UP_CALLS = 1800;
  /** For each of the iterations that slower calls are measured by. */
  private static final int WARM_SAMPLES = 10;
  private static final Map<String, ToIntFunction<CriTarget>> CALLS = new LinkedHashMap<>();

  static {
    CALLS.put(EMPTY, target -> target.version().getSerializedSize());
    CALLS.put("list_containers_100", CriTarget::listContainers);
    CALLS.put("list_pod_sandboxes_100", CriTarget::listPodSandboxes);
  }

  @Override
  public List<String> names() {
    List<String> names = new ArrayList<>(CALLS.keySet());
    names.add(STATS);
    return names;
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
        samples.put(call.getKey() + FIRST_CALLS, measured(bench, call.getValue(), 3, bench.iterations()));
      }
      for (var call : CALLS.entrySet()) {
        samples.put(call.getKey(), measured(bench, call.getValue(), WARM_UP_CALLS, WARM_SAMPLES * bench.iterations()));
      }
      samples.put(STATS, measured(bench, CriTarget::listContainerStats, 3, bench.iterations()));
    } finally {
      sandboxes.forEach((target, ids) -> ids.forEach(target::stopAndRemove));
    }
    List<Result> results = new ArrayList<>();
    samples.forEach((name, byTarget) -> {
      Result measured = Result.of(name, "ms", byTarget.get(bench.pool()));
      Result ours = name.startsWith(EMPTY) || name.endsWith(FIRST_CALLS) ? measured : measured.withBar(1.0);
      results.add(bench.containerd().map(c -> ours.against("containerd." + name, byTarget.get(c))).orElse(ours));
    });
    return results;
  }

  /** One call at a time, and who goes first changes: a long call of one would leave the other's next with cold caches. */
  private static Map<CriTarget, Samples> measured(
      Bench bench, ToIntFunction<CriTarget> call, int warmUpCalls, int count) throws Exception {
    Map<CriTarget, Samples> samples = new LinkedHashMap<>();
    for (int i = -warmUpCalls; i < count; i++) {
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
