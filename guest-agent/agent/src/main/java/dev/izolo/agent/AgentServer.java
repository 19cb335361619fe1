package dev.izolo.agent;

import dev.izolo.agent.process.Tasks;
import dev.izolo.agent.transport.KernelServerSocketFactory;
import dev.izolo.agent.transport.ListenAddress;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.okhttp.OkHttpServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The gRPC server. Platform threads on purpose: calls block in native code, which would hold a virtual thread's
 * carrier, of which a VM with one CPU has one.
 */
final class AgentServer implements AutoCloseable {
  private static final int MAX_REQUEST_BYTES = 8 << 20;
  private static final long THREAD_STACK_BYTES = 256 * 1024;

  private final Server server;
  private final ExecutorService executor;

  private AgentServer(Server server, ExecutorService executor) {
    this.server = server;
    this.executor = executor;
  }

  /** Listens and accepts calls when it returns. */
  static AgentServer start(ListenAddress address, Agent agent) throws IOException {
    ExecutorService executor = Executors.newCachedThreadPool(new Threads());
    Server server =
        OkHttpServerBuilder.forPort(InetSocketAddress.createUnresolved("agent", 0), InsecureServerCredentials.create())
            .socketFactory(new KernelServerSocketFactory(address))
            .executor(executor)
            .transportExecutor(executor)
            // gRPC's own one is made by reflection, for which the JDK spins method handles at every start.
            .scheduledExecutorService(Tasks.timer())
            .maxInboundMessageSize(MAX_REQUEST_BYTES)
            // The host may ping to learn of a stopped VM; the default answer to a frequent ping is to hang up.
            .permitKeepAliveTime(1, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .addService(new AgentService(agent))
            .build()
            .start();
    agent.markReady();
    return new AgentServer(server, executor);
  }

  void awaitTermination() throws InterruptedException {
    server.awaitTermination();
  }

  @Override
  public void close() {
    server.shutdownNow();
    executor.shutdown();
  }

  private static final class Threads implements ThreadFactory {
    private final AtomicInteger count = new AtomicInteger();

    @Override
    public Thread newThread(Runnable task) {
      Thread thread = new Thread(null, task, "rpc-" + count.incrementAndGet(), THREAD_STACK_BYTES);
      thread.setDaemon(true);
      return thread;
    }
  }
}
