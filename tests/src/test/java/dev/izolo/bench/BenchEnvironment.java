package dev.izolo.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.izolo.e2e.harness.Artefacts;
import dev.izolo.e2e.harness.CniConfig;
import dev.izolo.e2e.harness.Daemon;
import dev.izolo.e2e.harness.DaemonConfig;
import dev.izolo.e2e.harness.Fixtures;
import dev.izolo.e2e.harness.LayerTar;
import dev.izolo.e2e.harness.Node;
import dev.izolo.e2e.harness.OciImage;
import dev.izolo.e2e.harness.Registry;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Where the benchmark runs: a node of its own with a registry, Izolo's daemon and, where it is installed, containerd. */
final class BenchEnvironment implements AutoCloseable {
  private static final String SMALL = "bench/busybox";
  private static final String BIG = "bench/big";
  private static final int POOL_SIZE = 2;
  private static final int BIG_LAYERS = 5;
  /** Uncompressed; nearly two fifths of it are random, so that gzip makes about 85 MB of the five layers. */
  private static final int BIG_LAYER_BYTES = 44 << 20;
  private static final double BIG_RANDOM_SHARE = 0.385;
  private static final int BIG_FILES_PER_LAYER = 400;

  private final Node node;
  private final Daemon daemon;
  private final Optional<Containerd> containerd;
  private final Bench bench;
  private final Artefacts artefacts;

  private BenchEnvironment(Node node, Daemon daemon, Optional<Containerd> containerd, Bench bench, Artefacts artefacts) {
    this.node = node;
    this.daemon = daemon;
    this.containerd = containerd;
    this.bench = bench;
    this.artefacts = artefacts;
  }

  static BenchEnvironment start(BenchMain.Options options, PrintStream progress) throws Exception {
    Artefacts artefacts = Artefacts.required();
    Node node = Node.create();
    try {
      progress.println("bench: starting a registry" + (Containerd.installed() ? ", containerd" : "") + " and Izolo");
      Path home = node.root().resolve("h");
      CniConfig.write(home.resolve("cni"), node.root().resolve("ipam"));
      Registry registry = Registry.start(node);
      String small = registry.push(SMALL, "bench", Fixtures.busybox());
      String big = registry.push(BIG, "bench", bigImage());
      DaemonConfig config = DaemonConfig.in(home, artefacts)
          .set("log", "level", "info")
          .set("template", "enabled", true)
          .set("pool", "size", POOL_SIZE)
          .set("runtime_handlers.template", "start", "template")
          .set("runtime_handlers.cold", "start", "cold");
      Daemon daemon = Daemon.launch(node, home, config);
      daemon.awaitServing();
      Optional<Containerd> containerd = Containerd.installed()
          ? Optional.of(Containerd.start(node, registry.push("bench/pause", "bench", Fixtures.base().config("Cmd", List.of("sleep", "864000")).build())))
          : Optional.empty();
      Path logs = node.root().resolve("logs");
      Optional<CriTarget> peer = containerd.map(c -> new CriTarget("containerd", c.socket(), "", logs.resolve("containerd")));
      Bench bench = new Bench(
          new CriTarget("izolo", daemon.socket(), "", logs.resolve("pool")),
          new CriTarget("izolo", daemon.socket(), "template", logs.resolve("template")),
          new CriTarget("izolo", daemon.socket(), "cold", logs.resolve("cold")),
          peer, small, big, daemon.pid(), home.resolve("s"), home.resolve("r"),
          new Floors("qemu-system-x86_64", accelerator(daemon, home), artefacts.kernel(), artefacts.rootfs(), 7),
          options.iterations());
      for (CriTarget target : bench.peers()) {
        target.pullImage(small);
      }
      PoolGauge.awaitRefill(bench.pool()); // the template is built behind the open socket
      return new BenchEnvironment(node, daemon, containerd, bench, artefacts);
    } catch (Exception | AssertionError e) {
      progress.println(tail(node.root().resolve("h/daemon.log")));
      node.close();
      throw e;
    }
  }

  private static String accelerator(Daemon daemon, Path home) throws IOException {
    try (CriTarget target = new CriTarget("izolo", daemon.socket(), "", home)) {
      String text = target.statusInfo().getOrDefault("hypervisor", "{}");
      return new ObjectMapper().readTree(text).path("accelerator").asText("tcg").toLowerCase(java.util.Locale.ROOT);
    }
  }

  Bench bench() {
    return bench;
  }

  /** What a reader needs to know to judge the numbers. */
  Map<String, String> circumstances() throws IOException {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("accelerator", accelerator(daemon, bench.runDir()));
    facts.put("izolo", bench.pool().version().getRuntimeVersion());
    facts.put("containerd", bench.containerd().map(c -> c.version().getRuntimeVersion()).orElse("not installed"));
    facts.put("qemu", node.run("qemu-system-x86_64", "--version").lines().findFirst().orElse(""));
    facts.put("host kernel", System.getProperty("os.version"));
    facts.put("guest kernel", artefacts.kernel().getParent().getFileName().toString());
    facts.put("java", Runtime.version().toString());
    facts.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("load before", BenchMain.loadAverage());
    return facts;
  }

  private static OciImage bigImage() {
    OciImage.Builder image = OciImage.builder();
    Random random = new Random(4);
    for (int layer = 0; layer < BIG_LAYERS; layer++) {
      LayerTar tar = new LayerTar();
      tar.directory("layer" + layer, 0755);
      int size = BIG_LAYER_BYTES / BIG_FILES_PER_LAYER;
      for (int file = 0; file < BIG_FILES_PER_LAYER; file++) {
        byte[] content = new byte[size];
        byte[] noise = new byte[(int) (size * BIG_RANDOM_SHARE)];
        random.nextBytes(noise);
        System.arraycopy(noise, 0, content, 0, noise.length);
        tar.file("layer" + layer + "/file" + file, 0644, content);
      }
      image.layer(tar);
    }
    return image.build();
  }

  private static String tail(Path log) throws IOException {
    if (!Files.exists(log)) {
      return "";
    }
    List<String> lines = Files.readAllLines(log);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
  }

  @Override
  public void close() {
    bench.pool().close();
    bench.template().close();
    bench.cold().close();
    bench.containerd().ifPresent(CriTarget::close);
    daemon.close();
    containerd.ifPresent(Containerd::close);
    node.close();
  }
}
