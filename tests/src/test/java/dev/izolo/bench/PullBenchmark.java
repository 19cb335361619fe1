package dev.izolo.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** PullImage of an image of five gzip layers, 85 MB compressed, from a registry on loopback; removed in between. */
final class PullBenchmark implements Benchmark {
  private static final String PULL = "pull_image_85mb";

  @Override
  public List<String> names() {
    return List.of(PULL);
  }

  @Override
  public List<Result> run(Bench bench) throws Exception {
    Map<CriTarget, Samples> samples = new LinkedHashMap<>();
    int rounds = Math.max(5, bench.iterations() / 4);
    for (int i = -1; i < rounds; i++) {
      for (CriTarget target : bench.peers()) {
        target.removeImage(bench.bigImage());
        var pulled = Bench.timed(() -> {
          target.pullImage(bench.bigImage());
          return null;
        });
        if (i >= 0) {
          samples.computeIfAbsent(target, t -> new Samples()).add(pulled.millis());
        }
      }
    }
    for (CriTarget target : bench.peers()) {
      target.removeImage(bench.bigImage());
    }
    Result ours = Result.of(PULL, "ms", samples.get(bench.pool())).withBar(1.0);
    return List.of(bench.containerd().map(c -> ours.against("containerd." + PULL, samples.get(c))).orElse(ours));
  }
}
