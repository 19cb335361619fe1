package dev.izolo.bench;

import dev.izolo.cri.v1.PodSandboxConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Create + Start of a container and ExecSync of {@code true} in one, in a pod that is already there. */
final class ContainerBenchmark implements Benchmark {
  private static final String START = "create_start";
  private static final String EXEC = "exec_sync_true";
  private static final String OUTPUT = "exec_output";
  private static final int OUTPUT_MIB = 8;

  @Override
  public List<String> names() {
    return List.of(START, EXEC, OUTPUT, "port_forward");
  }

  @Override
  public List<Result> run(Bench bench) throws Exception {
    Map<CriTarget, String> sandboxes = new LinkedHashMap<>();
    Map<CriTarget, PodSandboxConfig> pods = new LinkedHashMap<>();
    Map<CriTarget, String> lasting = new LinkedHashMap<>();
    Map<CriTarget, Samples> start = new LinkedHashMap<>();
    Map<CriTarget, Samples> exec = new LinkedHashMap<>();
    Map<CriTarget, Samples> output = new LinkedHashMap<>();
    try {
      for (CriTarget target : bench.peers()) {
        PodSandboxConfig pod = target.pod();
        pods.put(target, pod);
        sandboxes.put(target, target.runPodSandbox(pod));
        String container = target.createContainer(sandboxes.get(target), pod, bench.image(), "lasting", List.of("sleep", "86400"));
        target.startContainer(container);
        lasting.put(target, container);
      }
      for (int i = -2; i < bench.iterations(); i++) { // the first rounds warm up
        int round = i;
        for (CriTarget target : bench.peers()) {
          var started = Bench.timed(() -> {
            String id = target.createContainer(
                sandboxes.get(target), pods.get(target), bench.image(), "c" + round, List.of("sleep", "86400"));
            target.startContainer(id);
            return id;
          });
          target.removeContainer(started.value());
          var ran = Bench.timed(() -> target.execSync(lasting.get(target), List.of("true")));
          if (ran.value().getExitCode() != 0) {
            throw new IllegalStateException(target.name() + ": true exited with " + ran.value().getExitCode());
          }
          if (i >= 0) {
            start.computeIfAbsent(target, t -> new Samples()).add(started.millis());
            exec.computeIfAbsent(target, t -> new Samples()).add(ran.millis());
          }
        }
      }
      List<String> flood = List.of("dd", "if=/dev/zero", "bs=1048576", "count=" + OUTPUT_MIB, "status=none");
      for (int i = 0; i < 5; i++) {
        for (CriTarget target : bench.peers()) {
          var ran = Bench.timed(() -> target.execSync(lasting.get(target), flood));
          if (ran.value().getStdout().size() != OUTPUT_MIB << 20) {
            throw new IllegalStateException(target.name() + ": " + ran.value().getStdout().size() + " bytes of output");
          }
          output.computeIfAbsent(target, t -> new Samples()).add(OUTPUT_MIB * 1.048576 / (ran.millis() / 1000));
        }
      }
    } finally {
      sandboxes.forEach(CriTarget::stopAndRemove);
    }
    CriTarget ours = bench.pool();
    List<Result> results = new ArrayList<>();
    results.add(Result.of(START, "ms", start.get(ours)).withBar(1.5).against("floor.runc_run", bench.floors().runcRun()));
    results.add(Result.of(EXEC, "ms", exec.get(ours)).withBar(1.3).against("floor.runc_exec", bench.floors().runcExec()));
    results.add(Result.of(OUTPUT, "MB/s", output.get(ours)));
    bench.containerd().ifPresent(c -> {
      results.add(Result.of(START + ".peer", "ms", start.get(ours)).against("containerd." + START, start.get(c)));
      results.add(Result.of(EXEC + ".peer", "ms", exec.get(ours)).against("containerd." + EXEC, exec.get(c)));
      results.add(Result.of(OUTPUT + ".peer", "MB/s", output.get(ours)).against("containerd." + OUTPUT, output.get(c)));
    });
    results.add(Result.missing("port_forward", "MB/s", "PortForward is not served yet"));
    return results;
  }
}
