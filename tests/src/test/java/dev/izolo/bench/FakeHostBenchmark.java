package dev.izolo.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What a hundred pods take of the daemon, their VMs faked. */
final class FakeHostBenchmark implements Benchmark {
  private static final String RSS = "daemon.rss.100_fake_pods";
  private static final int PODS = 100;

  @Override
  public List<String> names() {
    return List.of(RSS);
  }

  @Override
  public List<Result> run(Bench bench) throws Exception {
    Samples rss = new Samples();
    Path directory = Files.createDirectories(bench.runDir().resolveSibling("fake"));
    try (FakeHostDaemon daemon = FakeHostDaemon.start(directory)) {
      for (int i = 0; i < PODS; i++) {
        daemon.target().runPodSandbox(daemon.target().pod());
      }
      rss.add(Processes.rssMib(daemon.pid()));
    }
    return List.of(Result.of(RSS, "MiB", rss).withBar(200).withNote("100 pods over the fake VMM, the fakes included"));
  }
}
