package dev.izolo.container;

import dev.izolo.cri.v1.ContainerAttributes;
import dev.izolo.cri.v1.ContainerStats;
import dev.izolo.cri.v1.FilesystemIdentifier;
import dev.izolo.cri.v1.FilesystemUsage;
import dev.izolo.sandbox.Sandbox;
import dev.izolo.sandbox.UsageReading;
import dev.izolo.sandbox.UsageSample;
import dev.izolo.sandbox.UsageSamples;
import dev.izolo.state.ContainerStep;
import dev.izolo.state.CriException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What containers use, as their guests count it: one sample of a sandbox tells of all its containers. */
final class ContainerStatistics {
  private final ContainerRegistry registry;
  private final FilesystemIdentifier scratch;
  private final UsageSamples samples;

  /**
   * @param stateDir where scratch disks are: the file system that writable layers are on
   * @param maxAge of the numbers
   */
  ContainerStatistics(ContainerRegistry registry, Path stateDir, Duration maxAge) {
    this.registry = registry;
    this.scratch = FilesystemIdentifier.newBuilder().setMountpoint(stateDir.toString()).build();
    this.samples = new UsageSamples(maxAge, this::running);
  }

  /** Ids of those that run in a sandbox. */
  Set<String> running(Sandbox sandbox) {
    var ids = new HashSet<String>();
    for (ContainerUnit unit : registry.allOf(sandbox.id())) {
      if (unit.step() == ContainerStep.RUNNING) {
        ids.add(unit.id());
      }
    }
    return ids;
  }

  /** Of those that run and whose guests answer. */
  List<ContainerStats> of(Collection<ContainerUnit> units) throws InterruptedException {
    var sandboxes = new HashSet<Sandbox>();
    var running = new ArrayList<ContainerUnit>();
    for (ContainerUnit unit : units) {
      if (unit.step() == ContainerStep.RUNNING) {
        running.add(unit);
        sandboxes.add(unit.sandbox());
      }
    }
    Map<Sandbox, UsageSample> sampled = samples.ofAll(sandboxes);
    var all = new ArrayList<ContainerStats>();
    for (ContainerUnit unit : running) {
      Optional.ofNullable(sampled.get(unit.sandbox())).flatMap(sample -> shown(unit, sample)).ifPresent(all::add);
    }
    return all;
  }

  /** Of those of a sandbox that a sample tells of. */
  List<ContainerStats> of(Sandbox sandbox, UsageSample sample) {
    var all = new ArrayList<ContainerStats>();
    for (ContainerUnit unit : registry.allOf(sandbox.id())) {
      if (unit.step() == ContainerStep.RUNNING) {
        shown(unit, sample).ifPresent(all::add);
      }
    }
    return all;
  }

  /** Of one, which may not run: then there are its attributes alone. */
  ContainerStats of(ContainerUnit unit) throws CriException, InterruptedException {
    Optional<ContainerStats> shown =
        unit.step() == ContainerStep.RUNNING ? shown(unit, samples.of(unit.sandbox())) : Optional.empty();
    return shown.orElseGet(() -> ContainerStats.newBuilder().setAttributes(attributes(unit)).build());
  }

  private Optional<ContainerStats> shown(ContainerUnit unit, UsageSample sample) {
    return sample.container(unit.id()).map(container -> {
      UsageReading usage = container.usage();
      return ContainerStats.newBuilder()
          .setAttributes(attributes(unit))
          .setCpu(usage.shownCpu())
          .setMemory(usage.shownMemory())
          .setSwap(usage.shownSwap())
          .setWritableLayer(
              FilesystemUsage.newBuilder()
                  .setTimestamp(usage.atUnixNanos())
                  .setFsId(scratch)
                  .setUsedBytes(UsageReading.value(container.writableUsedBytes()))
                  .setInodesUsed(UsageReading.value(container.writableUsedInodes())))
          .build();
    });
  }

  private static ContainerAttributes attributes(ContainerUnit unit) {
    return ContainerAttributes.newBuilder()
        .setId(unit.id())
        .setMetadata(unit.config().getMetadata())
        .putAllLabels(unit.config().getLabelsMap())
        .putAllAnnotations(unit.config().getAnnotationsMap())
        .build();
  }
}
