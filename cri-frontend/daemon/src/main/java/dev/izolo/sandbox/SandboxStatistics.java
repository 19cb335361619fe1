package dev.izolo.sandbox;

import dev.izolo.cri.v1.LinuxPodSandboxStats;
import dev.izolo.cri.v1.NetworkInterfaceUsage;
import dev.izolo.cri.v1.NetworkUsage;
import dev.izolo.cri.v1.PodSandboxAttributes;
import dev.izolo.cri.v1.PodSandboxStats;
import dev.izolo.cri.v1.ProcessUsage;
import dev.izolo.state.CriException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** What sandboxes use, as their guests count it. A guest can lie here about itself, and about nobody else. */
final class SandboxStatistics {
  private final PodContainers containers;
  private final UsageSamples samples;

  SandboxStatistics(PodContainers containers, UsageSamples samples) {
    this.containers = containers;
    this.samples = samples;
  }

  /** Of one, which may not run: then there are its attributes alone. */
  PodSandboxStats of(Sandbox sandbox) throws CriException, InterruptedException {
    return sandbox.isReady() ? shown(sandbox, samples.of(sandbox)) : attributesAlone(sandbox);
  }

  /** Of all but those that run and do not answer. */
  List<PodSandboxStats> of(Collection<Sandbox> sandboxes) throws InterruptedException {
    Map<Sandbox, UsageSample> sampled = samples.ofAll(sandboxes.stream().filter(Sandbox::isReady).toList());
    var all = new ArrayList<PodSandboxStats>();
    for (Sandbox sandbox : sandboxes) {
      UsageSample sample = sampled.get(sandbox);
      if (sample != null) {
        all.add(shown(sandbox, sample));
      } else if (!sandbox.isReady()) {
        all.add(attributesAlone(sandbox));
      }
    }
    return all;
  }

  private static PodSandboxStats attributesAlone(Sandbox sandbox) {
    return PodSandboxStats.newBuilder().setAttributes(attributes(sandbox)).build();
  }

  private static PodSandboxAttributes attributes(Sandbox sandbox) {
    var config = sandbox.config();
    return PodSandboxAttributes.newBuilder()
        .setId(sandbox.id())
        .setMetadata(config.getMetadata())
        .putAllLabels(config.getLabelsMap())
        .putAllAnnotations(config.getAnnotationsMap())
        .build();
  }

  private PodSandboxStats shown(Sandbox sandbox, UsageSample sample) {
    UsageReading usage = sample.sandbox();
    return PodSandboxStats.newBuilder()
        .setAttributes(attributes(sandbox))
        .setLinux(
            LinuxPodSandboxStats.newBuilder()
                .setCpu(usage.shownCpu())
                .setMemory(usage.shownMemory())
                .setNetwork(network(sample))
                .setProcess(
                    ProcessUsage.newBuilder()
                        .setTimestamp(usage.atUnixNanos())
                        .setProcessCount(UsageReading.value(usage.processCount())))
                .addAllContainers(containers.stats(sandbox, sample)))
        .build();
  }

  private static NetworkUsage network(UsageSample sample) {
    var network = NetworkUsage.newBuilder().setTimestamp(sample.sandbox().atUnixNanos());
    for (UsageSample.Interface link : sample.interfaces()) {
      var shown =
          NetworkInterfaceUsage.newBuilder()
              .setName(link.name())
              .setRxBytes(UsageReading.value(link.rxBytes()))
              .setRxErrors(UsageReading.value(link.rxErrors()))
              .setTxBytes(UsageReading.value(link.txBytes()))
              .setTxErrors(UsageReading.value(link.txErrors()));
      if (!network.hasDefaultInterface()) {
        network.setDefaultInterface(shown);
      } else {
        network.addInterfaces(shown);
      }
    }
    return network.build();
  }
}
