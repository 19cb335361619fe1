package dev.izolo.agent;

import dev.izolo.agent.transport.ListenAddress;
import dev.izolo.agent.transport.UnixSocketFactory;
import dev.izolo.agent.v1.AgentGrpc;
import dev.izolo.agent.v1.GetInfoRequest;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.okhttp.OkHttpChannelBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Runs the agent's hot paths once, so that the JDK's ahead-of-time cache made from this run holds their classes. It runs
 * on the machine that builds the guest's image and changes nothing there but a directory of its own beneath /tmp.
 */
final class Training {
  private static final int ROUNDS = 20;

  private Training() {}

  static void run(long startedNanos) throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "izolo-train-");
    Path socket = directory.resolve("agent.sock");
    Agent agent = new Agent(startedNanos, new AgentPaths(directory), new DirectoryRoots(), directory.resolve("cgroup"), name -> null);
    try (AgentServer server = AgentServer.start(new ListenAddress.Unix(socket), agent)) {
      System.out.println(Main.READY_LINE);
      ManagedChannel channel =
          OkHttpChannelBuilder.forAddress("127.0.0.1", 1, InsecureChannelCredentials.create())
              .overrideAuthority("agent")
              .socketFactory(new UnixSocketFactory(socket))
              .build();
      try {
        AgentGrpc.AgentBlockingStub stub = AgentGrpc.newBlockingStub(channel);
        for (int i = 0; i < ROUNDS; i++) {
          stub.withDeadlineAfter(30, TimeUnit.SECONDS).getInfo(GetInfoRequest.getDefaultInstance());
        }
      } finally {
        channel.shutdownNow();
        channel.awaitTermination(10, TimeUnit.SECONDS);
      }
    } finally {
      Files.deleteIfExists(socket);
      Files.deleteIfExists(directory);
    }
  }
}
