package dev.izolo.agent;

import com.google.protobuf.ByteString;
import dev.izolo.agent.v1.AgentGrpc;
import dev.izolo.agent.v1.ConfigureSandboxRequest;
import dev.izolo.agent.v1.CreateContainerRequest;
import dev.izolo.agent.v1.Disk;
import dev.izolo.agent.v1.Dns;
import dev.izolo.agent.v1.Event;
import dev.izolo.agent.v1.ExecSyncRequest;
import dev.izolo.agent.v1.GetInfoRequest;
import dev.izolo.agent.v1.GetStatsRequest;
import dev.izolo.agent.v1.ListContainersRequest;
import dev.izolo.agent.v1.NetworkInterface;
import dev.izolo.agent.v1.OutputStream;
import dev.izolo.agent.v1.PidNamespace;
import dev.izolo.agent.v1.PrepareSandboxRequest;
import dev.izolo.agent.v1.ProcessId;
import dev.izolo.agent.v1.ReadOutputRequest;
import dev.izolo.agent.v1.ReadOutputResponse;
import dev.izolo.agent.v1.RemoveContainerRequest;
import dev.izolo.agent.v1.Route;
import dev.izolo.agent.v1.SignalProcessRequest;
import dev.izolo.agent.v1.StartContainerRequest;
import dev.izolo.agent.v1.StartExecRequest;
import dev.izolo.agent.v1.WatchEventsRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The calls a host makes in a pod's life, against an agent whose runtime only pretends. */
final class TrainingCalls {
  private static final int ROUNDS = 10;
  private static final int SIGKILL = 9;
  private static final int LIMIT_SECONDS = 30;
  private static final String SPEC =
      """
      {"ociVersion":"1.0.2","process":{"args":["sleep"],"env":["PATH=/bin"],"cwd":"/","rlimits":[{"hard":1024,"soft":1}],
       "noNewPrivileges":true,"user":{}},"root":{},"mounts":[{"destination":"/proc","options":["ro"]}],
       "linux":{"namespaces":[{"type":"mount"}],"resources":{"cpu":{"shares":1024}}}}
      """;

  // They are read and refused: the agent of a training run is no VM's first process.
  private static final PrepareSandboxRequest PREPARATION =
      PrepareSandboxRequest.newBuilder().setSandboxId("s").setClockUnixNanos(1)
          .setMachineId("0123456789abcdef0123456789abcdef").setEntropy(ByteString.copyFrom(new byte[64]))
          .setShmSizeBytes(1 << 20).build();
  private static final ConfigureSandboxRequest CONFIGURATION =
      ConfigureSandboxRequest.newBuilder().setSandboxId("s").setHostname("trained").setClockUnixNanos(1)
          .addInterfaces(NetworkInterface.newBuilder().setName("eth0").setMac("02:00:00:00:00:01").setMtu(1500)
              .addAddresses("192.0.2.2/24"))
          .addRoutes(Route.newBuilder().setGateway("192.0.2.1").setInterfaceName("eth0"))
          .setDns(Dns.newBuilder().addServers("192.0.2.1").addSearches("example.org").addOptions("ndots:5"))
          .putSysctls("net.ipv4.ip_forward", "1").setHostsFile("127.0.0.1 localhost\n")
          .build();

  private final AgentGrpc.AgentBlockingStub blocking;
  private final AgentGrpc.AgentStub streaming;
  private final Path cgroups;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

  TrainingCalls(ManagedChannel channel, Path cgroups) {
    this.blocking = AgentGrpc.newBlockingStub(channel);
    this.streaming = AgentGrpc.newStub(channel);
    this.cgroups = cgroups;
  }

  private AgentGrpc.AgentBlockingStub agent() {
    return blocking.withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  void run() throws IOException, InterruptedException {
    streaming.watchEvents(WatchEventsRequest.getDefaultInstance(), new EventQueue());
    for (int i = 0; i < ROUNDS; i++) {
      agent().getInfo(GetInfoRequest.getDefaultInstance());
      agent().listContainers(ListContainersRequest.getDefaultInstance());
    }
    try {
      agent().prepareSandbox(PREPARATION);
      throw new IOException("an agent that is not the first process of a VM prepared its machine");
    } catch (StatusRuntimeException e) {
      // As it must be; and an error's way out has been run too.
    }
    try {
      agent().configureSandbox(CONFIGURATION);
      throw new IOException("an agent that is not the first process of a VM configured its machine");
    } catch (StatusRuntimeException e) {
      // As it must be.
    }
    container("c1");
    container("c2");
  }

  private void container(String id) throws IOException, InterruptedException {
    Files.createDirectories(cgroups.resolve("pod").resolve(id));
    ProcessId process = ProcessId.newBuilder().setContainerId(id).build();
    agent().createContainer(CreateContainerRequest.newBuilder().setContainerId(id).setOciSpecJson(SPEC)
        .addLayers(Disk.newBuilder().setScsiTarget(1).setSerial("layer"))
        .setScratch(Disk.newBuilder().setScsiTarget(2).setSerial("scratch"))
        .setOciRuntime("runc").setPidNamespace(PidNamespace.PID_NAMESPACE_CONTAINER).build());
    CountDownLatch ended = read(process);
    agent().startContainer(StartContainerRequest.newBuilder().setContainerId(id).build());
    for (int i = 0; i < ROUNDS; i++) {
      agent().execSync(ExecSyncRequest.newBuilder().setContainerId(id).addArgs("true")
          .setTimeoutNanos(TimeUnit.SECONDS.toNanos(LIMIT_SECONDS)).build()).forEachRemaining(response -> {});
    }
    ProcessId exec = process.toBuilder().setExecId("e1").build();
    agent().startExec(StartExecRequest.newBuilder().setProcess(exec).addArgs("true").build());
    await(read(exec));
    awaitEvent();
    agent().listContainers(ListContainersRequest.getDefaultInstance());
    agent().getStats(GetStatsRequest.newBuilder().addContainerIds(id).build());
    agent().signalProcess(SignalProcessRequest.newBuilder().setProcess(process).setSignal(SIGKILL).build());
    awaitEvent();
    await(ended);
    agent().removeContainer(RemoveContainerRequest.newBuilder().setContainerId(id).build());
  }

  private CountDownLatch read(ProcessId process) {
    OutputReader reader = new OutputReader();
    StreamObserver<ReadOutputRequest> requests = streaming.readOutput(reader);
    requests.onNext(ReadOutputRequest.newBuilder().setProcess(process)
        .setStream(OutputStream.OUTPUT_STREAM_STDOUT).build());
    return reader.ended;
  }

  private static void await(CountDownLatch latch) throws IOException, InterruptedException {
    if (!latch.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      throw new IOException("an output stream did not end");
    }
  }

  private void awaitEvent() throws IOException, InterruptedException {
    if (events.poll(LIMIT_SECONDS, TimeUnit.SECONDS) == null) {
      throw new IOException("an exit was not told of");
    }
  }

  private static final class OutputReader implements StreamObserver<ReadOutputResponse> {
    private final CountDownLatch ended = new CountDownLatch(1);

    @Override
    public void onNext(ReadOutputResponse response) {
      // Only that it comes matters here.
    }

    @Override
    public void onError(Throwable error) {
      System.err.println("izolo-agent: training: " + error);
    }

    @Override
    public void onCompleted() {
      ended.countDown();
    }
  }

  private final class EventQueue implements StreamObserver<Event> {
    @Override
    public void onNext(Event event) {
      events.add(event);
    }

    @Override
    public void onError(Throwable error) {
      // The channel ends with the training.
    }

    @Override
    public void onCompleted() {
      // A watch ends only with its call.
    }
  }
}
