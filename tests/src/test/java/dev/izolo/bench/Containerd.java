package dev.izolo.bench;

import dev.izolo.e2e.harness.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/** The host's own containerd and runc, with files of their own, on the benchmark's node: the reference. */
final class Containerd implements AutoCloseable {
  private static final long START_SECONDS = 30;

  private final Process process;
  private final Path socket;

  private Containerd(Process process, Path socket) {
    this.process = process;
    this.socket = socket;
  }

  static boolean installed() {
    return onPath("containerd") && onPath("runc");
  }

  private static boolean onPath(String program) {
    return List.of("/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin").stream()
        .anyMatch(dir -> Files.isExecutable(Path.of(dir, program)));
  }

  /**
   * @param sandboxImage what its sandboxes run as their pause container
   */
  static Containerd start(Node node, String sandboxImage) throws IOException, TimeoutException {
    Path home = Files.createDirectories(node.root().resolve("c"));
    Path socket = home.resolve("containerd.sock");
    Path cni = Files.createDirectories(home.resolve("cni"));
    Files.writeString(cni.resolve("10-bench.conflist"), """
        {"cniVersion": "1.0.0", "name": "bench-containerd", "plugins": [
          {"type": "bridge", "bridge": "bench0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
           "ipam": {"type": "host-local", "dataDir": "%s",
                    "ranges": [[{"subnet": "10.232.0.0/16"}], [{"subnet": "fd00:232::/64"}]],
                    "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}},
          {"type": "portmap", "capabilities": {"portMappings": true}}]}
        """.formatted(home.resolve("ipam")));
    Path config = Files.writeString(home.resolve("config.toml"), """
        version = 2
        root = "%1$s/root"
        state = "%1$s/state"
        [grpc]
          address = "%2$s"
        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = "%3$s"
          restrict_oom_score_adj = true
          disable_apparmor = true
          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "/usr/lib/cni"
            conf_dir = "%4$s"
          [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
            runtime_type = "io.containerd.runc.v2"
        """.formatted(home, socket, sandboxImage, cni));
    Process process = new ProcessBuilder(node.command(List.of("containerd", "--config", config.toString())))
        .redirectInput(Path.of("/dev/null").toFile())
        .redirectErrorStream(true)
        .redirectOutput(home.resolve("log").toFile())
        .start();
    Containerd started = new Containerd(process, socket);
    started.awaitServing(home);
    return started;
  }

  private void awaitServing(Path home) throws IOException, TimeoutException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      if (Files.exists(socket)) {
        try (CriTarget target = new CriTarget("containerd", socket, "", home)) {
          target.version();
          return;
        } catch (io.grpc.StatusRuntimeException notYet) {
          if (System.nanoTime() > until) {
            throw new IOException("containerd does not answer; see " + home.resolve("log"), notYet);
          }
        }
      }
      if (!process.isAlive() || System.nanoTime() > until) {
        throw new TimeoutException("containerd does not serve: " + Files.readString(home.resolve("log")));
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50)); // a foreign process's start has no event
    }
  }

  Path socket() {
    return socket;
  }

  /** Ends it; what its shims left running ends with the node. */
  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
