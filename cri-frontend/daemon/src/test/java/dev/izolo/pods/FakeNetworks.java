package dev.izolo.pods;

import dev.izolo.network.NetworkException;
import dev.izolo.network.PodNetworks;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Networks that are names in a set, which is empty when nothing leaked. */
public final class FakeNetworks implements PodNetworks {
  private final Set<String> live = ConcurrentHashMap.newKeySet();
  private volatile Hook beforeAttach;
  private volatile NetworkException attachFailure;
  private volatile NetworkException releaseFailure;
  private volatile List<PortMapping> ports = List.of();

  public Set<String> live() {
    return live;
  }

  public List<PortMapping> ports() {
    return ports;
  }

  /** Something that happens in the middle of a run. */
  @FunctionalInterface
  public interface Hook {
    void run() throws InterruptedException;
  }

  /** Runs once, before the next attachment. */
  public void beforeAttach(Hook hook) {
    beforeAttach = hook;
  }

  public void failAttach(NetworkException failure) {
    attachFailure = failure;
  }

  public void failRelease(NetworkException failure) {
    releaseFailure = failure;
  }

  @Override
  public Readiness readiness() {
    return new Readiness(true, "", "");
  }

  @Override
  public PodNetwork prepare(String sandboxId) {
    live.add(sandboxId);
    return new PodNetwork(sandboxId, Path.of("/run/netns/izolo-" + sandboxId), "tap0", "02:00:00:00:00:01");
  }

  @Override
  public Attachment attach(
      PodNetwork network, PodIdentity pod, List<PortMapping> portMappings, Map<String, String> annotations)
      throws NetworkException, InterruptedException {
    Hook hook = beforeAttach;
    beforeAttach = null;
    if (hook != null) {
      hook.run();
    }
    ports = portMappings;
    NetworkException failure = attachFailure;
    attachFailure = null;
    if (failure != null) {
      throw failure;
    }
    return new Attachment(
        List.of(new Interface("eth0", "02:00:00:00:00:02", 1500, List.of("10.9.0.5/16", "fd00::5/64"))),
        List.of(new Route("", "10.9.0.1", "eth0", 0, false)),
        new Dns(List.of(), List.of(), List.of()),
        List.of("10.9.0.5", "fd00::5"));
  }

  @Override
  public void release(String sandboxId) throws NetworkException {
    NetworkException failure = releaseFailure;
    releaseFailure = null;
    if (failure != null) {
      throw failure;
    }
    live.remove(sandboxId);
  }

  @Override
  public List<String> recorded() {
    return List.copyOf(live);
  }
}
