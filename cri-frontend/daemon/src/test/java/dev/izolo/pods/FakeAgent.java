package dev.izolo.pods;

import com.google.protobuf.ByteString;
import dev.izolo.agent.v1.*;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.function.Function;

/** The agent's protocol, spoken by scripted processes. One per fake VM; outlives a daemon as a guest does. */
public final class FakeAgent extends AgentGrpc.AgentImplBase {
  private static final int CHUNK = 1000;

  private final Map<String, FakeProcess> processes = new ConcurrentHashMap<>();
  private final List<StreamObserver<Event>> watchers = new CopyOnWriteArrayList<>();
  private final Set<String> removed = ConcurrentHashMap.newKeySet();
  private final List<String> updates = new CopyOnWriteArrayList<>();
  private final Map<String, Status> failures = new ConcurrentHashMap<>();
  private final Consumer<FakeProcess> script;
  private volatile PrepareSandboxRequest prepared;
  private volatile boolean rehearsed;
  private final BlockingQueue<GetStatsRequest> statsAsked = new LinkedBlockingQueue<>();
  private volatile Runnable statsGate = () -> {};
  private volatile Runnable startGate = () -> {};
  private volatile ConfigureSandboxRequest configured;
  private volatile Function<ExecSyncRequest, List<ExecSyncResponse>> exec =
      _ -> List.of(exit(ProcessExit.getDefaultInstance()));

  /** @param script run on a thread of its own for each process that starts */
  public FakeAgent(Consumer<FakeProcess> script) {
    this.script = script;
  }

  public boolean rehearsed() {
    return rehearsed;
  }

  public PrepareSandboxRequest prepared() {
    return prepared;
  }

  public ConfigureSandboxRequest configured() {
    return configured;
  }

  public FakeProcess process(String containerId) {
    return processes.get(containerId);
  }

  public Set<String> containers() {
    return processes.keySet();
  }

  public List<String> updates() {
    return updates;
  }

  /** The method's next call fails. */
  public void failNext(String method, Status status) {
    failures.put(method, status);
  }

  public void onExec(Function<ExecSyncRequest, List<ExecSyncResponse>> answer) {
    exec = answer;
  }

  /** The questions for stats, in their order. */
  public BlockingQueue<GetStatsRequest> statsAsked() {
    return statsAsked;
  }

  /** @param gate run before each answer to a question for stats; the answer waits for it */
  public void beforeStats(Runnable gate) {
    statsGate = gate;
  }

  /** @param gate run before each start of a container */
  public void beforeStart(Runnable gate) {
    startGate = gate;
  }

  public static ExecSyncResponse exit(ProcessExit exit) {
    return ExecSyncResponse.newBuilder().setExit(exit).build();
  }

  /** A container that no record tells of. */
  public void plant(CreateContainerRequest request) {
    processes.put(request.getContainerId(), new FakeProcess(this, request));
  }

  /** The guest loses a container without a trace. */
  public void forget(String containerId) {
    processes.remove(containerId);
  }

  void ended(FakeProcess process) {
    watchers.forEach(watcher -> tell(watcher, process));
  }

  private static void tell(StreamObserver<Event> watcher, FakeProcess process) {
    synchronized (watcher) {
      var exited =
          ProcessExited.newBuilder()
              .setProcess(ProcessId.newBuilder().setContainerId(process.id()))
              .setExit(process.exited());
      watcher.onNext(Event.newBuilder().setExited(exited).build());
    }
  }

  private <T> void answer(String method, StreamObserver<T> observer, java.util.concurrent.Callable<T> work) {
    Status failure = failures.remove(method);
    if (failure != null) {
      observer.onError(failure.asException());
      return;
    }
    try {
      T value = work.call();
      observer.onNext(value);
      observer.onCompleted();
    } catch (Exception e) {
      observer.onError(Status.fromThrowable(e).asException());
    }
  }

  private FakeProcess known(String id) {
    FakeProcess process = processes.get(id);
    if (process == null) {
      throw Status.NOT_FOUND.withDescription("no container " + id).asRuntimeException();
    }
    return process;
  }

  @Override
  public void getInfo(GetInfoRequest request, StreamObserver<GetInfoResponse> observer) {
    answer("GetInfo", observer, GetInfoResponse::getDefaultInstance);
  }

  @Override
  public void prepareSandbox(PrepareSandboxRequest request, StreamObserver<PrepareSandboxResponse> observer) {
    answer(
        "PrepareSandbox",
        observer,
        () -> {
          if (prepared != null) {
            throw Status.FAILED_PRECONDITION.withDescription("prepared twice").asRuntimeException();
          }
          prepared = request;
          return PrepareSandboxResponse.getDefaultInstance();
        });
  }

  @Override
  public void configureSandbox(ConfigureSandboxRequest request, StreamObserver<ConfigureSandboxResponse> observer) {
    answer(
        "ConfigureSandbox",
        observer,
        () -> {
          if (prepared == null) {
            throw Status.FAILED_PRECONDITION.withDescription("not prepared").asRuntimeException();
          }
          if (request.getRehearsal()) {
            rehearsed = true;
          } else {
            configured = request;
          }
          return ConfigureSandboxResponse.getDefaultInstance();
        });
  }

  @Override
  public void createContainer(CreateContainerRequest request, StreamObserver<CreateContainerResponse> observer) {
    answer(
        "CreateContainer",
        observer,
        () -> {
          if (processes.putIfAbsent(request.getContainerId(), new FakeProcess(this, request)) != null) {
            throw Status.ALREADY_EXISTS.asRuntimeException();
          }
          return CreateContainerResponse.newBuilder()
              .setUser(ResolvedUser.newBuilder().setUid(1000).setGid(1001).addSupplementalGids(7))
              .build();
        });
  }

  @Override
  public void startContainer(StartContainerRequest request, StreamObserver<StartContainerResponse> observer) {
    answer(
        "StartContainer",
        observer,
        () -> {
          FakeProcess process = known(request.getContainerId());
          startGate.run();
          process.started();
          Thread.ofVirtual().start(() -> script.accept(process));
          return StartContainerResponse.newBuilder().setGuestPid(42).build();
        });
  }

  @Override
  public void signalProcess(SignalProcessRequest request, StreamObserver<SignalProcessResponse> observer) {
    answer(
        "SignalProcess",
        observer,
        () -> {
          known(request.getProcess().getContainerId()).signal(request.getSignal());
          return SignalProcessResponse.getDefaultInstance();
        });
  }

  @Override
  public void removeContainer(RemoveContainerRequest request, StreamObserver<RemoveContainerResponse> observer) {
    answer(
        "RemoveContainer",
        observer,
        () -> {
          removed.add(request.getContainerId());
          processes.remove(request.getContainerId());
          return RemoveContainerResponse.getDefaultInstance();
        });
  }

  @Override
  public void execSync(ExecSyncRequest request, StreamObserver<ExecSyncResponse> observer) {
    Status failure = failures.remove("ExecSync");
    if (failure != null) {
      observer.onError(failure.asException());
      return;
    }
    exec.apply(request).forEach(observer::onNext);
    observer.onCompleted();
  }

  @Override
  public StreamObserver<ReadOutputRequest> readOutput(StreamObserver<ReadOutputResponse> observer) {
    return new StreamObserver<>() {
      private ReadOutputRequest first;

      @Override
      public void onNext(ReadOutputRequest request) {
        if (first != null) {
          FakeProcess process = processes.get(first.getProcess().getContainerId());
          if (process != null) {
            process.acknowledge(first.getStream(), request.getOffset());
          }
          return;
        }
        first = request;
        Thread.ofVirtual().start(() -> serve(request, (ServerCallStreamObserver<ReadOutputResponse>) observer));
      }

      @Override
      public void onError(Throwable error) {}

      @Override
      public void onCompleted() {}
    };
  }

  private void serve(ReadOutputRequest request, ServerCallStreamObserver<ReadOutputResponse> observer) {
    try {
      FakeProcess process = known(request.getProcess().getContainerId());
      long offset = request.getOffset();
      while (!observer.isCancelled()) {
        byte[] data = process.await(request.getStream(), offset, CHUNK);
        var response = ReadOutputResponse.newBuilder().setOffset(offset);
        if (data == null) {
          observer.onNext(response.setEof(true).build());
          observer.onCompleted();
          return;
        }
        observer.onNext(response.setData(ByteString.copyFrom(data)).build());
        offset += data.length;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      if (!observer.isCancelled()) {
        observer.onError(Status.fromThrowable(e).asException());
      }
    }
  }

  @Override
  public void listContainers(ListContainersRequest request, StreamObserver<ListContainersResponse> observer) {
    answer(
        "ListContainers",
        observer,
        () -> {
          var list = ListContainersResponse.newBuilder();
          for (FakeProcess process : new ArrayList<>(processes.values())) {
            var state = ContainerState.newBuilder().setContainerId(process.id());
            if (process.exited() != null) {
              state.setPhase(ContainerState.Phase.PHASE_EXITED).setExit(process.exited());
            } else {
              state.setPhase(
                  process.isStarted() ? ContainerState.Phase.PHASE_RUNNING : ContainerState.Phase.PHASE_CREATED);
            }
            list.addContainers(state);
          }
          return list.build();
        });
  }

  @Override
  public void watchEvents(WatchEventsRequest request, StreamObserver<Event> observer) {
    var call = (ServerCallStreamObserver<Event>) observer;
    call.setOnCancelHandler(() -> watchers.remove(observer));
    watchers.add(observer);
    processes.values().stream().filter(p -> p.exited() != null).forEach(p -> tell(observer, p));
  }

  @Override
  public void getStats(GetStatsRequest request, StreamObserver<GetStatsResponse> observer) {
    answer(
        "GetStats",
        observer,
        () -> {
          var usage =
              Usage.newBuilder()
                  .setAtUnixNanos(System.currentTimeMillis() * 1_000_000L)
                  .setCpuUsageNanos(5_000_000)
                  .setMemoryWorkingSetBytes(1 << 20)
                  .setMemoryLimitBytes(4 << 20)
                  .setProcessCount(3);
          statsAsked.add(request);
          statsGate.run();
          var stats = GetStatsResponse.newBuilder().setSandbox(usage);
          stats.addInterfaces(InterfaceUsage.newBuilder().setName("lo").setRxBytes(1));
          stats.addInterfaces(InterfaceUsage.newBuilder().setName("eth0").setRxBytes(77));
          request.getContainerIdsList().stream()
              .filter(processes::containsKey)
              .forEach(
                  id ->
                      stats.addContainers(
                          ContainerUsage.newBuilder().setContainerId(id).setUsage(usage).setWritableUsedBytes(4096)));
          return stats.build();
        });
  }

  @Override
  public void updateContainer(UpdateContainerRequest request, StreamObserver<UpdateContainerResponse> observer) {
    answer(
        "UpdateContainer",
        observer,
        () -> {
          updates.add(request.getOciResourcesJson());
          return UpdateContainerResponse.getDefaultInstance();
        });
  }
}
