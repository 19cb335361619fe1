package dev.izolo.pods;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.container.VmContainerService;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.ContainerMetadata;
import dev.izolo.cri.v1.ContainerState;
import dev.izolo.cri.v1.ContainerStatus;
import dev.izolo.cri.v1.ImageSpec;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxMetadata;
import dev.izolo.sandbox.PodCgroups;
import dev.izolo.sandbox.PodSettings;
import dev.izolo.sandbox.RuntimeHandler;
import dev.izolo.sandbox.SandboxRegistry;
import dev.izolo.sandbox.VmSandboxService;
import dev.izolo.sandbox.VmSize;
import dev.izolo.sandbox.WarmSettings;
import dev.izolo.state.ContainerEvents;
import dev.izolo.state.CriException;
import dev.izolo.state.EventBus;
import dev.izolo.state.RecordStore;
import dev.izolo.vm.fake.FakeVmm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A node that can lose and restart its daemon: the services are rebuilt, the fake host stays. */
public final class PodNode implements AutoCloseable {
  public static final String HANDLER = "izolo";

  private final Path root;
  private volatile WarmSettings warm = WarmSettings.none();
  private volatile RuntimeHandler handler = new RuntimeHandler("runc", 1, 256, RuntimeHandler.Start.POOL, 0);
  private final Map<String, FakeAgent> agents = new ConcurrentHashMap<>();
  private final FakeVmm vmm;
  private final FakeNetworks networks = new FakeNetworks();
  private final FakeImages images;
  private final List<String> moves = new CopyOnWriteArrayList<>();
  private final Set<String> cgroups = ConcurrentHashMap.newKeySet();
  private volatile Duration statsMaxAge = Duration.ofSeconds(10);
  private volatile Consumer<FakeProcess> script = _ -> {};
  private EventBus events;
  private VmSandboxService sandboxes;
  private VmContainerService containers;

  public PodNode(Path root) throws Exception {
    this.root = root;
    this.images = new FakeImages(root);
    this.vmm =
        new FakeVmm(
            spec -> {
              var agent = new FakeAgent(process -> script.accept(process));
              agents.put(spec.id(), agent);
              return agent;
            });
    startDaemon();
  }

  private void startDaemon() throws Exception {
    var settings =
        new PodSettings(
            state(),
            root.resolve("run"),
            Map.of(HANDLER, handler),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            64L << 20,
            statsMaxAge,
            root.resolve("resolv.conf"),
            root.resolve("seccomp"));
    var store = new RecordStore(state());
    var registry = new SandboxRegistry();
    events = new EventBus();
    containers = new VmContainerService(store, registry, images, events, settings);
    sandboxes =
        new VmSandboxService(
            store, registry, containers.podContainers(), vmm, networks, new FakeCgroups(), settings,
            new VmSize(4, 8192), warm);
    sandboxes.recover();
    sandboxes.startWarm();
  }

  private final class FakeCgroups implements PodCgroups {
    @Override
    public List<Path> create(String sandboxId, String parent) {
      cgroups.add(sandboxId);
      return List.of(root.resolve("cgroup").resolve(sandboxId));
    }

    @Override
    public void move(String sandboxId, String from, String to, List<Long> processes) {
      moves.add(from + "->" + to + " " + processes.size());
    }

    @Override
    public void remove(String sandboxId, String parent) {
      cgroups.remove(sandboxId);
    }
  }

  /** The daemon starts again with a handler of its own and things made ahead. */
  public void restartDaemon(RuntimeHandler as, WarmSettings ahead) throws Exception {
    stopDaemon();
    handler = as;
    warm = ahead;
    startDaemon();
  }

  /** The daemon starts again with stats of another age. */
  public void restartDaemon(Duration statsAge) throws Exception {
    stopDaemon();
    statsMaxAge = statsAge;
    startDaemon();
  }

  /** What was moved from one cgroup parent to another. */
  public List<String> moves() {
    return moves;
  }

  /** The daemon is gone and a new one starts; what ran runs on. */
  public void restartDaemon() throws Exception {
    stopDaemon();
    startDaemon();
  }

  /** As after a daemon was killed: interrupted while it closes, it gives nothing back. */
  public void killDaemon() {
    Thread.currentThread().interrupt();
    sandboxes.close();
    assertThat(Thread.interrupted()).as("still interrupted").isTrue();
    containers.close();
    images.processEnded();
  }

  public void startDaemonAgain(WarmSettings ahead) throws Exception {
    warm = ahead;
    startDaemon();
  }

  public void stopDaemon() {
    containers.close();
    sandboxes.close();
    images.processEnded();
  }

  public void startDaemonAgain() throws Exception {
    startDaemon();
  }

  public Path state() {
    return root.resolve("state");
  }

  public Path logs() {
    return root.resolve("logs");
  }

  public void script(Consumer<FakeProcess> started) {
    script = started;
  }

  public FakeAgent agent(String sandboxId) {
    return agents.get(sandboxId);
  }

  public FakeVmm vmm() {
    return vmm;
  }

  public FakeNetworks networks() {
    return networks;
  }

  public FakeImages images() {
    return images;
  }

  public VmSandboxService sandboxes() {
    return sandboxes;
  }

  public VmContainerService containers() {
    return containers;
  }

  public ContainerEvents events() {
    return events;
  }

  public PodSandboxConfig.Builder pod(String name) {
    return PodSandboxConfig.newBuilder()
        .setMetadata(PodSandboxMetadata.newBuilder().setName(name).setNamespace("default").setUid("uid-" + name))
        .setHostname(name)
        .setLogDirectory(logs().toString())
        .putLabels("app", name);
  }

  public ContainerConfig.Builder container(String name) {
    return ContainerConfig.newBuilder()
        .setMetadata(ContainerMetadata.newBuilder().setName(name))
        .setImage(ImageSpec.newBuilder().setImage(FakeImages.NAME))
        .setLogPath(name + "/0.log");
  }

  public String run(String name) throws Exception {
    return sandboxes.run(pod(name).build(), HANDLER);
  }

  public String create(String sandboxId, String name) throws Exception {
    return containers.create(sandboxId, container(name).build(), PodSandboxConfig.getDefaultInstance());
  }

  public String started(String sandboxId, String name) throws Exception {
    String id = create(sandboxId, name);
    containers.start(id);
    return id;
  }

  public ContainerStatus status(String containerId) throws CriException {
    return containers.status(containerId, false).getStatus();
  }

  /** Waits for the container's end by its events, as the kubelet does. */
  public ContainerStatus awaitExit(ContainerEvents.Subscription subscription, String containerId) throws Exception {
    while (status(containerId).getState() != ContainerState.CONTAINER_EXITED) {
      subscription.next();
    }
    return status(containerId);
  }

  /** Nothing of any sandbox is left on the host. */
  public void assertNothingLeft() throws IOException {
    assertThat(vmm.running()).as("VMs").isEmpty();
    assertThat(networks.live()).as("networks").isEmpty();
    assertThat(cgroups).as("cgroups").isEmpty();
    assertThat(images.leases()).as("image leases").isZero();
    assertThat(files(state().resolve("sandboxes"))).as("records").isEmpty();
    assertThat(files(root.resolve("run").resolve("vms"))).as("run directories").isEmpty();
  }

  private static List<Path> files(Path directory) throws IOException {
    if (Files.notExists(directory)) {
      return List.of();
    }
    try (Stream<Path> list = Files.list(directory)) {
      return list.toList();
    }
  }

  @Override
  public void close() {
    stopDaemon();
    vmm.close();
  }
}
