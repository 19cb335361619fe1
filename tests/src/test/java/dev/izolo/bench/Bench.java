package dev.izolo.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * What benchmarks work with.
 *
 * @param pool Izolo, sandboxes from the warm pool
 * @param template Izolo, sandboxes restored from the template
 * @param cold Izolo, sandboxes booted from nothing
 * @param containerd the reference, where it runs
 * @param image a small image that both servers have, with a shell
 * @param bigImage reference of the 85 MB five-layer image in a registry that both reach
 * @param daemonPid process id of Izolo's daemon
 * @param stateDir Izolo's state directory
 * @param runDir Izolo's run-time directory
 * @param floors what the same machine does without a runtime
 * @param iterations samples for fast operations; slow ones take fewer
 */
record Bench(
    CriTarget pool,
    CriTarget template,
    CriTarget cold,
    Optional<CriTarget> containerd,
    String image,
    String bigImage,
    long daemonPid,
    Path stateDir,
    Path runDir,
    Floors floors,
    int iterations) {

  /** Izolo from the pool and, where it is there, containerd: in the order to take turns in. */
  List<CriTarget> peers() {
    return containerd.map(c -> List.of(pool, c)).orElse(List.of(pool));
  }

  /** Runs the work and returns how long it took, in milliseconds. */
  static <T> Timed<T> timed(Callable<T> work) throws Exception {
    long from = System.nanoTime();
    T value = work.call();
    return new Timed<>((System.nanoTime() - from) / 1e6, value);
  }

  record Timed<T>(double millis, T value) {}
}
