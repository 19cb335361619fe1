package dev.izolo.agent;

import dev.izolo.agent.container.Containers;
import dev.izolo.agent.container.ManagedProcess;
import dev.izolo.agent.v1.AgentGrpc;
import dev.izolo.agent.v1.AwaitResourcesRequest;
import dev.izolo.agent.v1.AwaitResourcesResponse;
import dev.izolo.agent.v1.ConfigureSandboxRequest;
import dev.izolo.agent.v1.ConfigureSandboxResponse;
import dev.izolo.agent.v1.CreateContainerRequest;
import dev.izolo.agent.v1.CreateContainerResponse;
import dev.izolo.agent.v1.Event;
import dev.izolo.agent.v1.ExecSyncRequest;
import dev.izolo.agent.v1.ExecSyncResponse;
import dev.izolo.agent.v1.GetInfoRequest;
import dev.izolo.agent.v1.GetInfoResponse;
import dev.izolo.agent.v1.GetStatsRequest;
import dev.izolo.agent.v1.GetStatsResponse;
import dev.izolo.agent.v1.ListContainersRequest;
import dev.izolo.agent.v1.ListContainersResponse;
import dev.izolo.agent.v1.PrepareSandboxRequest;
import dev.izolo.agent.v1.PrepareSandboxResponse;
import dev.izolo.agent.v1.PrepareSnapshotRequest;
import dev.izolo.agent.v1.PrepareSnapshotResponse;
import dev.izolo.agent.v1.ReadOutputRequest;
import dev.izolo.agent.v1.ReadOutputResponse;
import dev.izolo.agent.v1.RemoveContainerRequest;
import dev.izolo.agent.v1.RemoveContainerResponse;
import dev.izolo.agent.v1.ResizeTerminalRequest;
import dev.izolo.agent.v1.ResizeTerminalResponse;
import dev.izolo.agent.v1.ShutdownRequest;
import dev.izolo.agent.v1.ShutdownResponse;
import dev.izolo.agent.v1.SignalProcessRequest;
import dev.izolo.agent.v1.SignalProcessResponse;
import dev.izolo.agent.v1.StartContainerRequest;
import dev.izolo.agent.v1.StartContainerResponse;
import dev.izolo.agent.v1.StartExecRequest;
import dev.izolo.agent.v1.StartExecResponse;
import dev.izolo.agent.v1.UpdateContainerRequest;
import dev.izolo.agent.v1.UpdateContainerResponse;
import dev.izolo.agent.v1.WatchEventsRequest;
import dev.izolo.agent.v1.WriteInputRequest;
import dev.izolo.agent.v1.WriteInputResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;

/** The RPCs, each handed to the part that does it. */
final class AgentService extends AgentGrpc.AgentImplBase {
  private static final int MAX_TERMINAL_CELLS = 65535;

  private final Agent agent;
  private final Containers containers;

  AgentService(Agent agent) {
    this.agent = agent;
    this.containers = agent.containers();
  }

  private interface Work<T> {
    T run() throws IOException;
  }

  private static <T> void answer(StreamObserver<T> out, Work<T> work) {
    T response;
    try {
      response = work.run();
    } catch (IOException | RuntimeException e) {
      out.onError(Statuses.of(e));
      return;
    }
    out.onNext(response);
    out.onCompleted();
  }

  @Override
  public void getInfo(GetInfoRequest request, StreamObserver<GetInfoResponse> out) {
    answer(out, () -> agent.info().read(request.getBootId()));
  }

  @Override
  public void prepareSandbox(PrepareSandboxRequest request, StreamObserver<PrepareSandboxResponse> out) {
    answer(out, () -> agent.prepare(request));
  }

  @Override
  public void configureSandbox(ConfigureSandboxRequest request, StreamObserver<ConfigureSandboxResponse> out) {
    answer(out, () -> agent.configure(request));
  }

  @Override
  public void createContainer(CreateContainerRequest request, StreamObserver<CreateContainerResponse> out) {
    answer(out, () -> CreateContainerResponse.newBuilder().setUser(containers.create(request)).build());
  }

  @Override
  public void startContainer(StartContainerRequest request, StreamObserver<StartContainerResponse> out) {
    answer(out, () -> StartContainerResponse.newBuilder()
        .setGuestPid(containers.start(request.getContainerId()))
        .setStartedAtUnixNanos(dev.izolo.agent.container.Clock.unixNanos()).build());
  }

  @Override
  public void signalProcess(SignalProcessRequest request, StreamObserver<SignalProcessResponse> out) {
    answer(out, () -> {
      containers.signal(request.getProcess(), request.getSignal(), request.getAll());
      return SignalProcessResponse.getDefaultInstance();
    });
  }

  @Override
  public void removeContainer(RemoveContainerRequest request, StreamObserver<RemoveContainerResponse> out) {
    answer(out, () -> {
      containers.remove(request.getContainerId());
      return RemoveContainerResponse.getDefaultInstance();
    });
  }

  @Override
  public void execSync(ExecSyncRequest request, StreamObserver<ExecSyncResponse> out) {
    ExecSyncCall call = new ExecSyncCall(request, out);
    try {
      call.run(containers.execs(), request);
    } catch (RuntimeException e) {
      out.onError(Statuses.of(e));
    }
  }

  @Override
  public void startExec(StartExecRequest request, StreamObserver<StartExecResponse> out) {
    answer(out, () -> StartExecResponse.newBuilder().setGuestPid(containers.execs().start(
        request.getProcess(), request.getArgsList(), request.getTerminal(), request.getStdin())).build());
  }

  @Override
  public StreamObserver<ReadOutputRequest> readOutput(StreamObserver<ReadOutputResponse> out) {
    return new OutputCall(containers.registry(), out);
  }

  @Override
  public StreamObserver<WriteInputRequest> writeInput(StreamObserver<WriteInputResponse> out) {
    return new InputCall(containers.registry(), out);
  }

  @Override
  public void resizeTerminal(ResizeTerminalRequest request, StreamObserver<ResizeTerminalResponse> out) {
    answer(out, () -> {
      int columns = request.getColumns();
      int rows = request.getRows();
      if (columns < 0 || columns > MAX_TERMINAL_CELLS || rows < 0 || rows > MAX_TERMINAL_CELLS) {
        throw new AgentException.Invalid("no terminal has " + columns + " columns and " + rows + " rows");
      }
      ManagedProcess process = containers.registry().process(request.getProcess());
      if (!process.streams().resize(columns, rows)) {
        throw new AgentException.Refused("the process has no terminal");
      }
      return ResizeTerminalResponse.getDefaultInstance();
    });
  }

  @Override
  public void listContainers(ListContainersRequest request, StreamObserver<ListContainersResponse> out) {
    answer(out, () -> ListContainersResponse.newBuilder().addAllContainers(containers.registry().states()).build());
  }

  @Override
  public void watchEvents(WatchEventsRequest request, StreamObserver<Event> out) {
    containers.registry().watch(new EventsCall(containers.registry(), out));
  }

  @Override
  public void getStats(GetStatsRequest request, StreamObserver<GetStatsResponse> out) {
    answer(out, () -> agent.stats().read(request));
  }

  @Override
  public void updateContainer(UpdateContainerRequest request, StreamObserver<UpdateContainerResponse> out) {
    answer(out, () -> {
      containers.update(request.getContainerId(), request.getOciResourcesJson());
      return UpdateContainerResponse.getDefaultInstance();
    });
  }

  @Override
  public void awaitResources(AwaitResourcesRequest request, StreamObserver<AwaitResourcesResponse> out) {
    answer(out, () -> agent.awaitResources(request));
  }

  @Override
  public void prepareSnapshot(PrepareSnapshotRequest request, StreamObserver<PrepareSnapshotResponse> out) {
    answer(out, () -> {
      agent.prepareSnapshot();
      return PrepareSnapshotResponse.getDefaultInstance();
    });
  }

  @Override
  public void shutdown(ShutdownRequest request, StreamObserver<ShutdownResponse> out) {
    answer(out, () -> {
      agent.shutdown();
      return ShutdownResponse.getDefaultInstance();
    });
  }
}
