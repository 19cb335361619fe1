package dev.izolo.agent;

import dev.izolo.agent.linux.Processes;
import dev.izolo.agent.sandbox.SandboxTraining;
import dev.izolo.agent.transport.ListenAddress;
import dev.izolo.agent.transport.UnixSocketFactory;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.okhttp.OkHttpChannelBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs the agent's hot paths once, so that the JDK's ahead-of-time cache made from this run holds their classes. It runs
 * on the machine that builds the guest's image and changes nothing there but a directory of its own beneath /tmp: a shell
 * script stands in for the OCI runtime and starts plain processes.
 */
final class Training {
  // What it starts outlives it, as with a real runtime; a shell may reap a child that ends before it.
  private static final String RUNTIME =
      """
      #!/bin/sh
      while [ $# -gt 0 ]; do
        case "$1" in
          --pid-file) pid_file=$2; shift ;;
          run|exec|delete) command=$1 ;;
        esac
        shift
      done
      case "$command" in
        run) sleep 60 & echo $! > "$pid_file" ;;
        exec) (echo out; echo err >&2; exec sleep 0.05) & echo $! > "$pid_file" ;;
      esac
      """;

  private Training() {}

  static void run(long startedNanos) throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "izolo-train-");
    try {
      Processes.adoptOrphans();
      SandboxTraining.run();
      // What only a guest's agent is made of; it is not started.
      Agent.ofGuest(startedNanos);
      AgentOptions.parse(new String[0]);
      Path socket = directory.resolve("agent.sock");
      Path runtime = runtime(directory);
      Path cgroups = Files.createDirectories(directory.resolve("cgroup"));
      Agent agent = new Agent(startedNanos, new AgentPaths(directory), new DirectoryRoots(), cgroups, name -> runtime);
      try (AgentServer server = AgentServer.start(new ListenAddress.Unix(socket), agent)) {
        System.out.println(Main.READY_LINE);
        call(socket, cgroups);
      }
    } finally {
      delete(directory);
    }
  }

  private static void call(Path socket, Path cgroups) throws IOException, InterruptedException {
    ManagedChannel channel =
        OkHttpChannelBuilder.forAddress("127.0.0.1", 1, InsecureChannelCredentials.create())
            .overrideAuthority("agent")
            .socketFactory(new UnixSocketFactory(socket))
            .build();
    try {
      new TrainingCalls(channel, cgroups).run();
    } finally {
      channel.shutdownNow();
      channel.awaitTermination(10, TimeUnit.SECONDS);
    }
  }

  private static Path runtime(Path directory) throws IOException {
    Path runtime = directory.resolve("runtime");
    Files.writeString(runtime, RUNTIME);
    return Files.setPosixFilePermissions(runtime, PosixFilePermissions.fromString("rwx------"));
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
