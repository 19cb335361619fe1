package dev.izolo.bench;

import dev.izolo.cri.CriServer;
import dev.izolo.cri.CriServices;
import dev.izolo.cri.RuntimeHandlers;
import dev.izolo.cri.v1.CgroupDriver;
import dev.izolo.pods.PodNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * The daemon's services over a fake VMM and fake agents, in a JVM of its own: what a hundred pods take of the daemon,
 * where this machine could not run a hundred VMs. The fakes live in the same JVM, so the figure is an upper bound.
 */
final class FakeHostDaemon implements AutoCloseable {
  private static final long START_SECONDS = 30;

  private final Process process;
  private final CriTarget target;

  private FakeHostDaemon(Process process, CriTarget target) {
    this.process = process;
    this.target = target;
  }

  /** Starts it and returns when it serves. */
  static FakeHostDaemon start(Path directory) throws IOException, TimeoutException {
    Path socket = directory.resolve("fake.sock");
    Path log = directory.resolve("fake.log");
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1", "-Xmx256m", "-Xms16m", "-Xmn12m", "--enable-native-access=ALL-UNNAMED"));
    String daemonOptions = System.getProperty("izolo.daemonOptions", "");
    if (!daemonOptions.isEmpty()) {
      command.add("@" + daemonOptions);
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), FakeHostDaemon.class.getName(), socket.toString(),
        directory.resolve("node").toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!Files.exists(socket)) {
      if (!process.isAlive() || System.nanoTime() > until) {
        process.destroyForcibly();
        throw new TimeoutException("the daemon over fakes does not serve: " + Files.readString(log));
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50)); // another process's socket has no event
    }
    return new FakeHostDaemon(process, new CriTarget("fake", socket, "", directory.resolve("logs")));
  }

  CriTarget target() {
    return target;
  }

  long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    target.close();
    process.destroyForcibly();
  }

  /** @param args the socket to serve on, and a directory for the state */
  public static void main(String[] args) throws Exception {
    Path directory = Files.createDirectories(Path.of(args[1]));
    PodNode node = new PodNode(directory);
    CriServer server = CriServer.start(Path.of(args[0]), new CriServices("bench", node.sandboxes(), node.containers(),
        node.events(), node.images(), node.networks(), node.vmm(),
        new RuntimeHandlers(new TreeSet<>(List.of(PodNode.HANDLER)), PodNode.HANDLER), CgroupDriver.CGROUPFS, Map.of(),
        node.sandboxes()::warmStatus));
    server.awaitEnd();
  }
}
