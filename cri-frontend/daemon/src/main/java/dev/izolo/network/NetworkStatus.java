package dev.izolo.network;

import dev.izolo.network.PodNetworks.Readiness;
import dev.izolo.network.cni.CniException;
import dev.izolo.network.cni.CniRuntime;
import dev.izolo.network.cni.NetworkList;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Whether pods could get a network now. Plugins are asked rarely, however often the kubelet asks. */
final class NetworkStatus {
  /** The reason that other runtimes give and that users search for. */
  private static final String NOT_READY = "NetworkPluginNotReady";

  private static final Duration STATUS_VALID = Duration.ofSeconds(5);

  /** Finds the network that the next pod would get. */
  @FunctionalInterface
  interface Source {
    Optional<NetworkList> current() throws CniException.BadConfiguration;
  }

  private record Asked(NetworkList list, Readiness answer, long atNanoTime) {}

  private final Path directory;
  private final Source source;
  private final CniRuntime cni;
  private volatile Asked last;

  NetworkStatus(Path directory, Source source, CniRuntime cni) {
    this.directory = directory;
    this.source = source;
    this.cni = cni;
  }

  Readiness readiness() {
    try {
      Optional<NetworkList> current = source.current();
      if (current.isEmpty()) {
        return notReady(missing());
      }
      NetworkList list = current.get();
      cni.requirePlugins(list);
      return list.version().hasStatus() ? asked(list) : ready();
    } catch (CniException.BadConfiguration e) {
      return notReady(e.getMessage());
    }
  }

  String missing() {
    return "no CNI configuration in %s: install the cluster's network, or put a .conflist file there"
        .formatted(directory);
  }

  private Readiness asked(NetworkList list) {
    Asked known = last;
    if (known != null && known.list == list && System.nanoTime() - known.atNanoTime < STATUS_VALID.toNanos()) {
      return known.answer;
    }
    Readiness answer;
    try {
      cni.status(list);
      answer = ready();
    } catch (CniException e) {
      answer = notReady(e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return notReady("interrupted while asking CNI plugins for their status");
    }
    last = new Asked(list, answer, System.nanoTime());
    return answer;
  }

  private static Readiness ready() {
    return new Readiness(true, "", "");
  }

  private static Readiness notReady(String message) {
    return new Readiness(false, NOT_READY, message);
  }
}
