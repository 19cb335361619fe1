package dev.izolo.cli;

import dev.izolo.cgroup.SandboxCgroups;
import dev.izolo.config.Artefacts;
import dev.izolo.config.IzoloConfig;
import dev.izolo.container.GuestWarmup;
import dev.izolo.container.VmContainerService;
import dev.izolo.cri.CriServices;
import dev.izolo.cri.RuntimeHandlers;
import dev.izolo.cri.v1.CgroupDriver;
import dev.izolo.image.ImageException;
import dev.izolo.image.ImageSettings;
import dev.izolo.image.LocalImageService;
import dev.izolo.image.layer.LayerLimits;
import dev.izolo.image.registry.RegistrySettings;
import dev.izolo.network.CniPodNetworks;
import dev.izolo.network.NetworkException;
import dev.izolo.network.NetworkSettings;
import dev.izolo.network.PodNetworks;
import dev.izolo.sandbox.PodSettings;
import dev.izolo.sandbox.RuntimeHandler;
import dev.izolo.sandbox.SandboxRegistry;
import dev.izolo.sandbox.VmSandboxService;
import dev.izolo.sandbox.VmSize;
import dev.izolo.sandbox.WarmSettings;
import dev.izolo.state.CriException;
import dev.izolo.state.EventBus;
import dev.izolo.state.RecordStore;
import dev.izolo.vm.qemu.QemuSettings;
import dev.izolo.vm.qemu.QemuVmm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The composition root: makes every part of the daemon from the configuration and connects them. */
final class Wiring implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Wiring.class);
  private static final String HELLO = ImageSettings.BUILT_IN_DOMAIN + "/hello:latest";

  private final IzoloConfig config;
  private final Artefacts artefacts;
  private final DaemonLock lock;
  private final LocalImageService images;
  private final QemuVmm vmm;
  private final PodNetworks networks;
  private final EventBus events;
  private final VmContainerService containers;
  private final VmSandboxService sandboxes;

  private Wiring(
      IzoloConfig config,
      Artefacts artefacts,
      DaemonLock lock,
      LocalImageService images,
      QemuVmm vmm,
      PodNetworks networks,
      EventBus events,
      VmContainerService containers,
      VmSandboxService sandboxes) {
    this.config = config;
    this.artefacts = artefacts;
    this.lock = lock;
    this.images = images;
    this.vmm = vmm;
    this.networks = networks;
    this.events = events;
    this.containers = containers;
    this.sandboxes = sandboxes;
  }

  static Wiring make(IzoloConfig config, Artefacts artefacts, boolean defaultNetwork, DaemonLock lock)
      throws IOException, ImageException, NetworkException {
    LocalImageService images = LocalImageService.open(config.stateDir().resolve("images"), imageSettings(config));
    QemuSettings qemu = HypervisorSettings.of(config, artefacts);
    QemuVmm vmm = new QemuVmm(qemu);
    PodNetworks networks = new CniPodNetworks(new NetworkSettings(config.network().cniConfDir(),
        config.network().cniBinDirs(), config.stateDir().resolve("network"), config.network().pluginTimeout(),
        defaultNetwork));
    RecordStore store = new RecordStore(config.stateDir());
    SandboxRegistry registry = new SandboxRegistry();
    EventBus events = new EventBus();
    PodSettings settings = podSettings(config);
    VmContainerService containers = new VmContainerService(store, registry, images, events, settings);
    VmSandboxService sandboxes = new VmSandboxService(store, registry, containers.podContainers(), vmm,
        networks, SandboxCgroups.ofThisHost(), settings, new VmSize(qemu.maxVcpus(), qemu.maxMemoryMib()),
        WarmSettings.of(config.template().enabled(), new GuestWarmup(images, HELLO, settings),
            config.pool().maxMemory().bytes()));
    return new Wiring(config, artefacts, lock, images, vmm, networks, events, containers, sandboxes);
  }

  /** Brings back what a former daemon left, before anyone asks for it. */
  void recover() throws CriException, InterruptedException {
    importHello();
    sandboxes.recover();
  }

  /** Makes templates and waiting sandboxes from now on. */
  void startWarm() {
    sandboxes.startWarm();
  }

  /** Whether KVM runs guests here takes a while to find out, once per boot of the host; nobody waits for it yet. */
  void probeHostAside() {
    Thread.ofVirtual().name("host-probe").start(vmm::hostSupport);
  }

  CriServices criServices() {
    return new CriServices(artefacts.version(), sandboxes, containers, events, images, networks, vmm,
        new RuntimeHandlers(new TreeSet<>(config.runtimeHandlers().keySet()), config.defaultRuntimeHandler()),
        cgroupDriver(), shownConfiguration(), sandboxes::warmStatus);
  }

  /**
   * The image that Izolo ships with; a first time before serving, so that the first caller finds it. A full disk or a
   * damaged layout must not keep the daemon from pods that run, so it is only told.
   */
  private void importHello() throws InterruptedException {
    if (artefacts.hello().isEmpty()) {
      return;
    }
    Path layout = artefacts.hello().get();
    if (!Files.isDirectory(layout)) {
      log.warn("the image that Izolo ships with is not at {}; run `izolo setup`", layout);
      return;
    }
    try {
      images.importLayout(layout, HELLO, true);
    } catch (ImageException e) {
      log.warn("the image that Izolo ships with is not imported: {}", e.getMessage());
    }
  }

  private static ImageSettings imageSettings(IzoloConfig config) {
    IzoloConfig.Image image = config.image();
    RegistrySettings registry = RegistrySettings.DEFAULT
        .withPlainHttpHosts(Set.copyOf(image.plainHttpHosts()))
        .withHostsDirectory(image.hostsDir())
        .withPatience(image.registryTimeout(), image.registryTimeout(), image.registryAttempts(),
            RegistrySettings.DEFAULT.firstBackoff());
    LayerLimits limits = new LayerLimits(
        image.maxLayerEntries(), image.maxLayerSize().bytes(), image.minFreeSpace().bytes());
    return new ImageSettings(registry, limits, ImageSettings.DEFAULT.shortNames(), image.maxConcurrentDownloads());
  }

  private static PodSettings podSettings(IzoloConfig config) {
    Map<String, RuntimeHandler> handlers = config.runtimeHandlers().entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> handler(entry.getValue(), config)));
    PodSettings usual =
        PodSettings.of(config.stateDir(), config.runDir(), handlers, config.sandbox().bootTimeout());
    return new PodSettings(usual.stateDir(), usual.runDir(), usual.handlers(), usual.bootTimeout(),
        usual.agentTimeout(), config.sandbox().scratchSize().bytes(), config.stats().maxAge(), usual.hostResolvConf(),
        usual.seccompDir());
  }

  private static RuntimeHandler handler(IzoloConfig.RuntimeHandler handler, IzoloConfig config) {
    IzoloConfig.Sandbox sandbox = config.sandbox();
    return new RuntimeHandler(
        handler.ociRuntime().name().toLowerCase(Locale.ROOT),
        handler.vcpus().orElse(sandbox.vcpus()),
        (int) handler.memory().orElse(sandbox.memory()).mib(),
        switch (handler.start()) {
          case POOL -> RuntimeHandler.Start.POOL;
          case TEMPLATE -> RuntimeHandler.Start.TEMPLATE;
          case COLD -> RuntimeHandler.Start.COLD;
        },
        handler.poolSize().orElse(config.pool().size()));
  }

  private CgroupDriver cgroupDriver() {
    return switch (config.cgroupDriver()) {
      case SYSTEMD -> CgroupDriver.SYSTEMD;
      case CGROUPFS -> CgroupDriver.CGROUPFS;
      // As sd_booted(3) tells it.
      case AUTO -> Files.isDirectory(Path.of("/run/systemd/system")) ? CgroupDriver.SYSTEMD : CgroupDriver.CGROUPFS;
    };
  }

  private Map<String, String> shownConfiguration() {
    Map<String, String> shown = new LinkedHashMap<>();
    shown.put("stateDir", config.stateDir().toString());
    shown.put("runDir", config.runDir().toString());
    shown.put("defaultRuntimeHandler", config.defaultRuntimeHandler());
    shown.put("cniConfDir", config.network().cniConfDir().toString());
    shown.put("cniBinDirs", config.network().cniBinDirs().toString());
    return shown;
  }

  @Override
  public void close() {
    sandboxes.close();
    containers.close();
    images.close();
    vmm.close();
    try {
      lock.close();
    } catch (IOException e) {
      log.warn("cannot give up the lock on {}", config.stateDir(), e);
    }
  }
}
