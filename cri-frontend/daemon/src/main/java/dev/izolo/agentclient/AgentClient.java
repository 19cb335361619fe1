package dev.izolo.agentclient;

import com.google.protobuf.ByteString;
import dev.izolo.agent.v1.AgentGrpc;
import dev.izolo.agent.v1.ConfigureSandboxRequest;
import dev.izolo.agent.v1.ContainerState;
import dev.izolo.agent.v1.CreateContainerRequest;
import dev.izolo.agent.v1.ExecSyncRequest;
import dev.izolo.agent.v1.ExecSyncResponse;
import dev.izolo.agent.v1.GetInfoRequest;
import dev.izolo.agent.v1.GetInfoResponse;
import dev.izolo.agent.v1.GetStatsRequest;
import dev.izolo.agent.v1.GetStatsResponse;
import dev.izolo.agent.v1.ListContainersRequest;
import dev.izolo.agent.v1.OutputStream;
import dev.izolo.agent.v1.PrepareSandboxRequest;
import dev.izolo.agent.v1.ProcessExit;
import dev.izolo.agent.v1.ProcessId;
import dev.izolo.agent.v1.RemoveContainerRequest;
import dev.izolo.agent.v1.ResolvedUser;
import dev.izolo.agent.v1.SignalProcessRequest;
import dev.izolo.agent.v1.StartContainerRequest;
import dev.izolo.agent.v1.UpdateContainerRequest;
import dev.izolo.agent.v1.WatchEventsRequest;
import dev.izolo.state.CriException;
import dev.izolo.state.Ids;
import dev.izolo.vm.Vm;
import dev.izolo.vm.Vm.VmExit;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The agent of one VM. Calls block, may be made from many threads at once, and end early when the thread is
 * interrupted. Errors are the daemon's own; a guest that breaks the protocol is {@link CriException.Internal}.
 */
public final class AgentClient {
  private static final int MAX_LISTED = 10_000;
  private static final int MAX_SUPPLEMENTAL_GROUPS = 65_536;
  private static final Duration EXEC_GRACE = Duration.ofSeconds(10);
  /** A VM's end breaks its agent's connection some moments before its cause is known. */
  private static final Duration VM_END_KNOWN = Duration.ofSeconds(1);

  private final AgentGrpc.AgentBlockingV2Stub stub;
  private final Duration limit;
  private final CompletableFuture<VmExit> vmEnd;

  /** @param limit how long an ordinary call may take */
  public AgentClient(Vm vm, Duration limit) {
    this.stub = AgentGrpc.newBlockingV2Stub(vm.agent());
    this.limit = limit;
    this.vmEnd = vm.exited();
  }

  @FunctionalInterface
  private interface Call<T> {
    T run(AgentGrpc.AgentBlockingV2Stub stub) throws StatusException, InterruptedException;
  }

  private <T> T call(String name, Call<T> call) throws CriException, InterruptedException {
    try {
      return call.run(stub.withDeadlineAfter(limit.toNanos(), TimeUnit.NANOSECONDS));
    } catch (StatusException e) {
      throw failed(name, e);
    }
  }

  /** An agent that went with its VM says nothing of value; why the VM ended does. */
  private CriException failed(String call, StatusException failure) throws InterruptedException {
    if (failure.getStatus().getCode() == Status.Code.UNAVAILABLE) {
      try {
        VmExit end = vmEnd.get(VM_END_KNOWN.toMillis(), TimeUnit.MILLISECONDS);
        return AgentErrors.vmEnded(call, end.reason(), failure);
      } catch (TimeoutException e) {
        // The VM runs on: what the call said stands.
      } catch (ExecutionException e) {
        throw new AssertionError("the end of a VM never fails", e);
      }
    }
    return AgentErrors.of(call, failure);
  }

  /** When the agent's process started and accepted calls, since the guest's kernel started. */
  public AgentStart startTimes() throws CriException, InterruptedException {
    GetInfoResponse info = call("GetInfo", stub -> stub.getInfo(GetInfoRequest.getDefaultInstance()));
    long started = Math.max(0, info.getAgentStartedNanos());
    return new AgentStart(Duration.ofNanos(started), Duration.ofNanos(Math.max(started, info.getAgentReadyNanos())));
  }

  public void prepare(PrepareSandboxRequest request) throws CriException, InterruptedException {
    call("PrepareSandbox", stub -> stub.prepareSandbox(request));
  }

  public void configure(ConfigureSandboxRequest request) throws CriException, InterruptedException {
    call("ConfigureSandbox", stub -> stub.configureSandbox(request));
  }

  public ResolvedUser create(CreateContainerRequest request) throws CriException, InterruptedException {
    ResolvedUser user = call("CreateContainer", stub -> stub.createContainer(request)).getUser();
    if (user.getUid() < 0 || user.getUid() > Integer.MAX_VALUE || user.getGid() < 0 || user.getGid() > Integer.MAX_VALUE
        || user.getSupplementalGidsCount() > MAX_SUPPLEMENTAL_GROUPS) {
      throw AgentErrors.violation("CreateContainer", "an impossible user");
    }
    return user;
  }

  public void start(String containerId) throws CriException, InterruptedException {
    var request = StartContainerRequest.newBuilder().setContainerId(containerId).build();
    call("StartContainer", stub -> stub.startContainer(request));
  }

  /** Signals the first process, or with {@code all} every process of the container. */
  public void signal(String containerId, int signal, boolean all) throws CriException, InterruptedException {
    var request = SignalProcessRequest.newBuilder().setProcess(first(containerId)).setSignal(signal).setAll(all).build();
    call("SignalProcess", stub -> stub.signalProcess(request));
  }

  public void remove(String containerId) throws CriException, InterruptedException {
    var request = RemoveContainerRequest.newBuilder().setContainerId(containerId).build();
    call("RemoveContainer", stub -> stub.removeContainer(request));
  }

  /**
   * Runs a command to its end.
   *
   * @param timeout zero for no limit
   * @param maxOutput bytes kept of each stream
   */
  public ExecResult execSync(String containerId, List<String> command, Duration timeout, int maxOutput)
      throws CriException, InterruptedException {
    var request =
        ExecSyncRequest.newBuilder()
            .setContainerId(containerId)
            .addAllArgs(command)
            .setTimeoutNanos(timeout.toNanos())
            .setMaxOutputBytes(maxOutput)
            .build();
    var limited =
        timeout.isZero()
            ? stub
            : stub.withDeadlineAfter(timeout.plus(EXEC_GRACE).toNanos(), TimeUnit.NANOSECONDS);
    var output = new ExecOutput(maxOutput);
    BlockingClientCall<?, ExecSyncResponse> call = limited.execSync(request);
    try {
      for (ExecSyncResponse item = call.read(); item != null; item = call.read()) {
        Optional<ExecResult> result = output.accept(item);
        if (result.isPresent()) {
          return result.get();
        }
      }
      throw AgentErrors.violation("ExecSync", "no exit");
    } catch (StatusException e) {
      throw failed("ExecSync", e);
    } finally {
      call.cancel("done", null);
    }
  }

  private static final class ExecOutput {
    private final int max;
    private ByteString stdout = ByteString.EMPTY;
    private ByteString stderr = ByteString.EMPTY;

    ExecOutput(int max) {
      this.max = max;
    }

    Optional<ExecResult> accept(ExecSyncResponse item) throws CriException {
      switch (item.getItemCase()) {
        case STDOUT -> stdout = append(stdout, item.getStdout());
        case STDERR -> stderr = append(stderr, item.getStderr());
        case EXIT -> {
          ProcessExit exit = item.getExit();
          ContainerExit.checkCode("ExecSync", exit);
          return Optional.of(new ExecResult(stdout, stderr, exit.getExitCode(), exit.getTimedOut()));
        }
        case ITEM_NOT_SET -> throw AgentErrors.violation("ExecSync", "an empty item");
      }
      return Optional.empty();
    }

    private ByteString append(ByteString to, ByteString more) throws CriException {
      if (to.size() + (long) more.size() > max) {
        throw AgentErrors.violation("ExecSync", "more output than was asked for");
      }
      return to.concat(more);
    }
  }

  /** Opens an output stream of a container's first process. */
  public OutputReader output(String containerId, OutputStream stream, long offset) {
    var call = stub.getChannel().newCall(AgentGrpc.getReadOutputMethod(), stub.getCallOptions());
    return new OutputReader(call, first(containerId), stream, offset);
  }

  public ExitWatch watchExits() {
    return new ExitWatch(stub.watchEvents(WatchEventsRequest.getDefaultInstance()));
  }

  public List<GuestContainer> list() throws CriException, InterruptedException {
    var response = call("ListContainers", stub -> stub.listContainers(ListContainersRequest.getDefaultInstance()));
    if (response.getContainersCount() > MAX_LISTED) {
      throw AgentErrors.violation("ListContainers", response.getContainersCount() + " containers");
    }
    var list = new ArrayList<GuestContainer>();
    for (ContainerState state : response.getContainersList()) {
      list.add(checked(state));
    }
    return list;
  }

  private static GuestContainer checked(ContainerState state) throws CriException {
    String id = state.getContainerId();
    if (!Ids.isValid(id)) {
      throw AgentErrors.violation("ListContainers", "a container id that Izolo never gave");
    }
    return switch (state.getPhase()) {
      case PHASE_CREATED -> new GuestContainer(id, GuestContainer.Phase.CREATED, Optional.empty());
      case PHASE_RUNNING -> new GuestContainer(id, GuestContainer.Phase.RUNNING, Optional.empty());
      case PHASE_EXITED ->
          new GuestContainer(
              id, GuestContainer.Phase.EXITED, Optional.of(ContainerExit.of("ListContainers", id, state.getExit())));
      case PHASE_UNSPECIFIED, UNRECOGNIZED -> throw AgentErrors.violation("ListContainers", "an unknown phase");
    };
  }

  /**
   * What the VM uses, and those of its containers that are named. An agent of an older build, which knows no way to ask
   * for the VM alone, answers for all containers then.
   *
   * @param limit how long to wait for it: statistics are asked for often, and of many sandboxes at once
   */
  public GetStatsResponse stats(Collection<String> containerIds, Duration limit)
      throws CriException, InterruptedException {
    var request =
        GetStatsRequest.newBuilder().addAllContainerIds(containerIds).setNoContainers(containerIds.isEmpty()).build();
    GetStatsResponse answer;
    try {
      answer = stub.withDeadlineAfter(limit.toNanos(), TimeUnit.NANOSECONDS).getStats(request);
    } catch (StatusException e) {
      throw AgentErrors.of("GetStats", e);
    }
    if (answer.getContainersCount() > MAX_LISTED) {
      throw AgentErrors.violation("GetStats", answer.getContainersCount() + " containers");
    }
    return answer;
  }

  public void update(String containerId, String resourcesJson) throws CriException, InterruptedException {
    var request =
        UpdateContainerRequest.newBuilder().setContainerId(containerId).setOciResourcesJson(resourcesJson).build();
    call("UpdateContainer", stub -> stub.updateContainer(request));
  }

  private static ProcessId first(String containerId) {
    return ProcessId.newBuilder().setContainerId(containerId).build();
  }
}
