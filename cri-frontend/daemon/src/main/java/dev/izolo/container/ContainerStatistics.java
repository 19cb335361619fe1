package dev.izolo.container;

import dev.izolo.agent.v1.ContainerUsage;
import dev.izolo.agent.v1.GetStatsResponse;
import dev.izolo.cri.v1.ContainerAttributes;
import dev.izolo.cri.v1.ContainerStats;
import dev.izolo.cri.v1.FilesystemIdentifier;
import dev.izolo.cri.v1.FilesystemUsage;
import dev.izolo.cri.v1.SwapUsage;
import dev.izolo.sandbox.Concurrently;
import dev.izolo.sandbox.CpuRates;
import dev.izolo.sandbox.Sandbox;
import dev.izolo.sandbox.SandboxStatistics;
import dev.izolo.state.ContainerStep;
import dev.izolo.state.CriException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What containers use, as their guests count it: one question to each sandbox, all sandboxes side by side. */
final class ContainerStatistics {
  private static final Logger log = LoggerFactory.getLogger(ContainerStatistics.class);

  private final String stateDir;
  private final CpuRates rates = new CpuRates();

  /** @param stateDir where scratch disks are: the file system that writable layers are on */
  ContainerStatistics(Path stateDir) {
    this.stateDir = stateDir.toString();
  }

  /** Of those that run and answer. */
  List<ContainerStats> of(Collection<ContainerUnit> units) throws InterruptedException {
    Map<Sandbox, List<ContainerUnit>> bySandbox = new HashMap<>();
    for (ContainerUnit unit : units) {
      if (unit.step() == ContainerStep.RUNNING) {
        bySandbox.computeIfAbsent(unit.sandbox(), _ -> new ArrayList<>()).add(unit);
      }
    }
    var tasks = new ArrayList<Callable<Optional<List<ContainerStats>>>>();
    bySandbox.forEach((sandbox, theirs) -> tasks.add(() -> ifAnswered(sandbox, theirs)));
    return Concurrently.answers(tasks).stream().flatMap(List::stream).toList();
  }

  private Optional<List<ContainerStats>> ifAnswered(Sandbox sandbox, List<ContainerUnit> units)
      throws InterruptedException {
    try {
      return Optional.of(ask(sandbox, units));
    } catch (CriException e) {
      log.debug("sandbox={} gives no container stats: {}", sandbox.id(), e.getMessage());
      return Optional.empty();
    }
  }

  private List<ContainerStats> ask(Sandbox sandbox, List<ContainerUnit> units)
      throws CriException, InterruptedException {
    GetStatsResponse answer =
        sandbox.agent().stats(units.stream().map(ContainerUnit::id).toList(), SandboxStatistics.LIMIT);
    Map<String, ContainerUsage> usages = new HashMap<>();
    answer.getContainersList().forEach(usage -> usages.put(usage.getContainerId(), usage));
    return units.stream().filter(unit -> usages.containsKey(unit.id())).map(u -> shown(u, usages.get(u.id()))).toList();
  }

  private ContainerStats shown(ContainerUnit unit, ContainerUsage usage) {
    long at = usage.getUsage().getAtUnixNanos();
    return ContainerStats.newBuilder()
        .setAttributes(attributes(unit))
        .setCpu(SandboxStatistics.cpu(rates, unit.id(), usage.getUsage()))
        .setMemory(SandboxStatistics.memory(usage.getUsage()))
        .setSwap(
            SwapUsage.newBuilder()
                .setTimestamp(at)
                .setSwapUsageBytes(SandboxStatistics.value(usage.getUsage().getSwapUsageBytes())))
        .setWritableLayer(
            FilesystemUsage.newBuilder()
                .setTimestamp(at)
                .setFsId(FilesystemIdentifier.newBuilder().setMountpoint(stateDir))
                .setUsedBytes(SandboxStatistics.value(usage.getWritableUsedBytes()))
                .setInodesUsed(SandboxStatistics.value(usage.getWritableUsedInodes())))
        .build();
  }

  /** Of one, which may not run: then there are its attributes alone. */
  ContainerStats of(ContainerUnit unit) throws CriException, InterruptedException {
    if (unit.step() != ContainerStep.RUNNING) {
      return ContainerStats.newBuilder().setAttributes(attributes(unit)).build();
    }
    return ask(unit.sandbox(), List.of(unit)).stream()
        .findFirst()
        .orElseGet(() -> ContainerStats.newBuilder().setAttributes(attributes(unit)).build());
  }

  private static ContainerAttributes attributes(ContainerUnit unit) {
    return ContainerAttributes.newBuilder()
        .setId(unit.id())
        .setMetadata(unit.config().getMetadata())
        .putAllLabels(unit.config().getLabelsMap())
        .putAllAnnotations(unit.config().getAnnotationsMap())
        .build();
  }

  void forget(String containerId) {
    rates.forget(containerId);
  }
}
