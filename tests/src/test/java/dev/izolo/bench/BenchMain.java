package dev.izolo.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * {@code izolo bench}: measures and reports.
 *
 * <p>What it measures on comes from the environment that {@link BenchEnvironment} sets up: a daemon of its own, a
 * registry, and containerd where it is installed, all in a network namespace of their own.
 */
public final class BenchMain {
  private BenchMain() {}

  public static void main(String[] args) throws Exception {
    Options options;
    try {
      options = Options.parse(Arrays.asList(args));
    } catch (IllegalArgumentException e) {
      System.err.println("izolo bench: " + e.getMessage());
      System.exit(2);
      return;
    }
    List<Benchmark> all = List.of(
        new SandboxBenchmark(), new ContainerBenchmark(), new PodBenchmark(), new PullBenchmark(),
        new FootprintBenchmark("izolo-ram"), new FakeHostBenchmark(), new ListBenchmark());
    List<String> names = all.stream().flatMap(b -> b.names().stream()).toList();
    if (options.list()) {
      names.forEach(System.out::println);
      return;
    }
    for (String only : options.only()) {
      if (!names.contains(only)) {
        System.err.println("izolo bench: there is no benchmark \"" + only + "\"; izolo bench --list shows them");
        System.exit(2);
      }
    }
    System.exit(run(options, all, System.out, System.err) ? 0 : 1);
  }

  private static boolean run(Options options, List<Benchmark> all, PrintStream out, PrintStream progress) throws Exception {
    List<Result> results = new ArrayList<>();
    Map<String, String> circumstances;
    boolean complete = true;
    try (BenchEnvironment environment = BenchEnvironment.start(options, progress)) {
      circumstances = new LinkedHashMap<>(environment.circumstances());
      for (Benchmark benchmark : all) {
        List<String> wanted = benchmark.names().stream()
            .filter(n -> options.only().isEmpty() || options.only().contains(n)).toList();
        if (wanted.isEmpty()) {
          continue;
        }
        progress.println("bench: " + String.join(", ", wanted));
        try {
          results.addAll(benchmark.run(environment.bench()).stream()
              .filter(r -> options.only().isEmpty() || options.only().stream().anyMatch(r.name()::startsWith)).toList());
        } catch (Exception e) {
          complete = false;
          progress.println("bench: " + wanted + " failed: " + e);
          e.printStackTrace(progress);
          wanted.forEach(n -> results.add(Result.missing(n, "", "failed: " + e.getMessage())));
        }
      }
      circumstances.put("load after", loadAverage());
    }
    Report report = new Report(circumstances, results);
    out.print(report.table());
    if (options.json().isPresent()) {
      report.writeJson(options.json().get());
    }
    if (options.svg().isPresent()) {
      report.writeSvg(options.svg().get());
    }
    return complete;
  }

  static String loadAverage() throws IOException {
    return Files.readString(Path.of("/proc/loadavg")).trim();
  }

  /**
   * @param only names to measure; empty for all
   * @param iterations samples of fast operations
   */
  record Options(Set<String> only, int iterations, Optional<Path> json, Optional<Path> svg, boolean list) {
    static Options parse(List<String> args) {
      Set<String> only = new LinkedHashSet<>();
      int iterations = 20;
      Optional<Path> json = Optional.empty();
      Optional<Path> svg = Optional.empty();
      boolean list = false;
      for (int i = 0; i < args.size(); i++) {
        switch (args.get(i)) {
          case "--list" -> list = true;
          case "--json" -> json = Optional.of(Path.of(value(args, ++i, "--json FILE")));
          case "--svg" -> svg = Optional.of(Path.of(value(args, ++i, "--svg FILE")));
          case "-n" -> iterations = number(value(args, ++i, "-n COUNT"));
          case "--only" -> {
            only.add(value(args, ++i, "--only NAME..."));
            while (i + 1 < args.size() && !args.get(i + 1).startsWith("-")) {
              only.add(args.get(++i));
            }
          }
          default -> throw new IllegalArgumentException(
              "unknown argument \"" + args.get(i) + "\"; use --only NAME..., -n COUNT, --json FILE, --svg FILE, --list");
        }
      }
      return new Options(only, iterations, json, svg, list);
    }

    private static String value(List<String> args, int at, String form) {
      if (at >= args.size()) {
        throw new IllegalArgumentException("a value is missing: " + form);
      }
      return args.get(at);
    }

    private static int number(String text) {
      try {
        int n = Integer.parseInt(text);
        if (n >= 1 && n <= 10_000) {
          return n;
        }
      } catch (NumberFormatException e) {
        // said below
      }
      throw new IllegalArgumentException("-n takes a number from 1 to 10000, not \"" + text + "\"");
    }
  }
}
