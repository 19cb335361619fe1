package dev.izolo.bench;

import java.util.List;

/** One group of measurements that share their preparation. */
interface Benchmark {
  /** The rows it makes, so that {@code --only} can choose before anything runs. */
  List<String> names();

  /** Measures; cleans up what it made on the servers, whatever happens. */
  List<Result> run(Bench bench) throws Exception;
}
