package dev.izolo.network;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs {@link RealNetworkScenarios} in a JVM of its own whose network namespace and mounts are private, so that the
 * bridges, namespaces, rules and leases that real plugins make are never the machine's, and vanish with it.
 */
final class PrivateHost {
  private static final String ENTER =
      """
      mkdir -p /run/netns /var/lib/cni
      mount -t tmpfs tmpfs /run/netns
      mount -t tmpfs tmpfs /var/lib/cni
      ip link set lo up
      exec "$@"
      """;

  private PrivateHost() {}

  /** Why it cannot be done here, or empty. */
  static String obstacle() {
    if (!"root".equals(System.getProperty("user.name"))) {
      return "needs root";
    }
    for (String file : List.of("/usr/lib/cni/bridge", "/usr/lib/cni/portmap", "/usr/sbin/tc", "/usr/bin/unshare")) {
      if (!Files.exists(Path.of(file))) {
        return "needs " + file;
      }
    }
    return "";
  }

  /** Runs one scenario and returns what it printed. */
  static String run(String scenario, Path directory) throws IOException, InterruptedException {
    Path output = directory.resolve("output");
    Process process =
        new ProcessBuilder(
                "unshare", "--net", "--mount", "--propagation", "private", "/bin/sh", "-e", "-c", ENTER, "enter",
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"),
                RealNetworkScenarios.class.getName(), scenario, directory.toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(120, TimeUnit.SECONDS);
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    String printed = Files.readString(output, StandardCharsets.UTF_8);
    if (!ended || process.exitValue() != 0) {
      throw new AssertionError("scenario %s %s:%n%s".formatted(scenario, ended ? "failed" : "hung", printed));
    }
    return printed;
  }
}
