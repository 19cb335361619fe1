package dev.izolo.cri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.izolo.cri.v1.Api;
import dev.izolo.cri.v1.AuthConfig;
import dev.izolo.cri.v1.CgroupDriver;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.ContainerEventResponse;
import dev.izolo.cri.v1.ContainerMetadata;
import dev.izolo.cri.v1.ContainerStatusRequest;
import dev.izolo.cri.v1.CreateContainerRequest;
import dev.izolo.cri.v1.ExecRequest;
import dev.izolo.cri.v1.ExecSyncRequest;
import dev.izolo.cri.v1.ExecSyncResponse;
import dev.izolo.cri.v1.GetEventsRequest;
import dev.izolo.cri.v1.Image;
import dev.izolo.cri.v1.ImageFsInfoRequest;
import dev.izolo.cri.v1.ImageServiceGrpc;
import dev.izolo.cri.v1.ImageSpec;
import dev.izolo.cri.v1.ImageStatusRequest;
import dev.izolo.cri.v1.ListContainersRequest;
import dev.izolo.cri.v1.ListImagesRequest;
import dev.izolo.cri.v1.ListPodSandboxRequest;
import dev.izolo.cri.v1.ListPodSandboxStatsRequest;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxMetadata;
import dev.izolo.cri.v1.PodSandboxStatsFilter;
import dev.izolo.cri.v1.PodSandboxStatusRequest;
import dev.izolo.cri.v1.PullImageRequest;
import dev.izolo.cri.v1.RemoveImageRequest;
import dev.izolo.cri.v1.RunPodSandboxRequest;
import dev.izolo.cri.v1.RuntimeConfigRequest;
import dev.izolo.cri.v1.RuntimeServiceGrpc;
import dev.izolo.cri.v1.StatusRequest;
import dev.izolo.cri.v1.StopContainerRequest;
import dev.izolo.cri.v1.StopPodSandboxRequest;
import dev.izolo.cri.v1.UpdateContainerResourcesRequest;
import dev.izolo.cri.v1.UpdateRuntimeConfigRequest;
import dev.izolo.cri.v1.VersionRequest;
import dev.izolo.image.ImageService;
import dev.izolo.image.RegistryAuth;
import dev.izolo.network.PodNetworks;
import dev.izolo.state.CriException;
import dev.izolo.vm.HostSupport;
import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The real server on a real socket with a real client; only the services behind it are scripted. */
@Timeout(60)
class CriServerTest {
  /** The common pool has a single thread on a machine with two CPUs, which a waiting call would keep from others. */
  private static final Executor ASIDE = task -> Thread.ofVirtual().start(task);

  @TempDir
  Path dir;

  private final StubServices stubs = new StubServices();
  private Path socket;
  private CriServer server;
  private EventLoopGroup loops;
  private ManagedChannel channel;
  private RuntimeServiceGrpc.RuntimeServiceBlockingStub runtime;
  private ImageServiceGrpc.ImageServiceBlockingStub images;

  @BeforeEach
  void serve() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "the socket is root's alone");
    socket = dir.resolve("run/izolo.sock");
    server = CriServer.start(socket, stubs.services());
    loops = new EpollEventLoopGroup(1);
    channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
        .channelType(EpollDomainSocketChannel.class)
        .eventLoopGroup(loops)
        .overrideAuthority("localhost")
        .usePlaintext()
        .build();
    runtime = RuntimeServiceGrpc.newBlockingStub(channel);
    images = ImageServiceGrpc.newBlockingStub(channel);
  }

  @AfterEach
  void end() throws Exception {
    channel.shutdownNow();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    server.stop(Duration.ofSeconds(1));
  }

  @Test
  void saysWhatTheKubeletExpectsOfItsVersion() {
    var version = runtime.version(VersionRequest.newBuilder().setVersion("v1").build());
    assertThat(version.getRuntimeName()).isEqualTo("izolo");
    assertThat(version.getRuntimeApiVersion()).isEqualTo("v1");
    assertThat(version.getRuntimeVersion()).isEqualTo("0.1.0-test");
  }

  @Test
  void theSocketIsRootsAlone() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket))).isEqualTo("rw-------");
  }

  @Test
  void anotherUsersConnectionIsClosed() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "setpriv is not installed");
    // What an administrator's chmod, or an inherited descriptor, would let through.
    for (Path path = socket; !path.equals(dir.getRoot()); path = path.getParent()) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
    }
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Path source = dir.resolve("Peer.java");
    Files.writeString(source, """
        import java.net.*; import java.nio.*; import java.nio.channels.*; import java.nio.file.*;
        class Peer {
          public static void main(String[] a) throws Exception {
            try (var s = SocketChannel.open(UnixDomainSocketAddress.of(a[0]))) {
              System.exit(s.read(ByteBuffer.allocate(64)) > 0 ? 10 : 11);
            } catch (java.io.IOException e) {
              System.exit(11);
            }
          }
        }
        """);
    Process asRoot = new ProcessBuilder(java, source.toString(), socket.toString()).inheritIO().start();
    assertThat(asRoot.waitFor()).as("root is served: the server's settings frame arrives").isEqualTo(10);
    Process asNobody = new ProcessBuilder("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", java,
        source.toString(), socket.toString()).inheritIO().start();
    assertThat(asNobody.waitFor()).as("nobody is not").isEqualTo(11);
  }

  @Test
  void aSecondDaemonIsRefusedAndTheFirstStays() {
    assertThatThrownBy(() -> CriServer.start(socket, stubs.services()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("another daemon is serving");
    assertThat(runtime.version(VersionRequest.getDefaultInstance()).getRuntimeName()).isEqualTo("izolo");
  }

  @Test
  void aStaleSocketIsReplacedButNothingElseIs() throws Exception {
    Path stale = dir.resolve("stale.sock");
    ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(stale)).close();
    assertThat(stale).exists();
    CriServer.start(stale, stubs.services()).stop(Duration.ofSeconds(1));
    assertThat(stale).doesNotExist();

    Path file = Files.writeString(dir.resolve("file"), "precious");
    assertThatThrownBy(() -> CriServer.start(file, stubs.services())).hasMessageContaining("is no socket");
    assertThat(file).hasContent("precious");

    Path answered = dir.resolve("answered.sock");
    try (var other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      other.bind(UnixDomainSocketAddress.of(answered));
      assertThatThrownBy(() -> CriServer.start(answered, stubs.services())).hasMessageContaining("another daemon");
    }
  }

  @Test
  void whatIsAnsweredFromMemoryTakesNoThreadAndWhatMayWaitDoes() throws Exception {
    var threads = new ConcurrentHashMap<String, Thread>();
    for (String method : List.of("list", "stats", "stop")) {
      stubs.answers.put(method, arguments -> {
        threads.put(method + " " + arguments[0].getClass().getSimpleName(), Thread.currentThread());
        return method.equals("list") || arguments[0] instanceof PodSandboxStatsFilter ? List.of() : null;
      });
    }
    runtime.listContainers(ListContainersRequest.getDefaultInstance());
    runtime.listPodSandbox(ListPodSandboxRequest.getDefaultInstance());
    runtime.listPodSandboxStats(ListPodSandboxStatsRequest.getDefaultInstance());
    runtime.stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId("s").build());
    assertThat(threads).hasSize(4);
    assertThat(threads.get("list ContainerFilter")).isSameAs(threads.get("list PodSandboxFilter"));
    assertThat(threads.get("list ContainerFilter").getName()).startsWith("cri-");
    assertThat(threads.get("stats PodSandboxStatsFilter").isVirtual()).isTrue();
    assertThat(threads.get("stop String").isVirtual()).isTrue();
  }

  @Test
  void aHandlerThatWaitsKeepsNoListFromBeingAnswered() throws Exception {
    var entered = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    stubs.answers.put("run", arguments -> {
      entered.countDown();
      release.await();
      return "id";
    });
    var answer = CompletableFuture.supplyAsync(() ->
        runtime.runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(pod()).build()).getPodSandboxId(), ASIDE);
    entered.await();
    assertThat(runtime.listContainers(ListContainersRequest.getDefaultInstance()).getContainersList()).isEmpty();
    release.countDown();
    assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo("id");
  }

  @Test
  void aListThatFailsIsAnsweredAndLeavesTheLoopServing() {
    stubs.answers.put("list", arguments -> {
      throw new IllegalStateException("a bug");
    });
    assertFails(Status.Code.INTERNAL, "", () -> runtime.listContainers(ListContainersRequest.getDefaultInstance()));
    stubs.answers.remove("list");
    assertThat(runtime.listContainers(ListContainersRequest.getDefaultInstance()).getContainersList()).isEmpty();
    assertThat(runtime.version(VersionRequest.getDefaultInstance()).getRuntimeName()).isEqualTo("izolo");
  }

  @Test
  void statusNamesWhatIsWrong() {
    stubs.network = new PodNetworks.Readiness(false, "NoConfig", "no CNI configuration in /etc/cni/net.d");
    stubs.host = new HostSupport(HostSupport.Accelerator.TCG, false, "", List.of(
        new HostSupport.Finding("qemu", HostSupport.Severity.FAILED, "not found", "apt install qemu-system-x86"),
        new HostSupport.Finding("kvm", HostSupport.Severity.WARNING, "no /dev/kvm", "")));
    var conditions = runtime.status(StatusRequest.getDefaultInstance()).getStatus().getConditionsList();
    assertThat(conditions).extracting(c -> c.getType() + "=" + c.getStatus())
        .containsExactly("RuntimeReady=false", "NetworkReady=false");
    assertThat(conditions.get(0).getMessage()).contains("qemu: not found").doesNotContain("kvm");
    assertThat(conditions.get(1).getMessage()).contains("/etc/cni/net.d");
  }

  @Test
  void statusSaysThatEmulationIsNoBoundary() {
    var status = runtime.status(StatusRequest.newBuilder().setVerbose(true).build());
    assertThat(status.getStatus().getConditions(0).getStatus()).isTrue();
    assertThat(status.getStatus().getConditions(0).getMessage()).contains("slow", "no security boundary");
    assertThat(status.getRuntimeHandlersList()).extracting(h -> h.getName()).containsExactly("", "izolo", "izolo-crun");
    assertThat(status.getInfoMap()).containsOnlyKeys("config", "host", "pool", "template", "hypervisor");
    assertThat(status.getInfoOrThrow("pool"))
        .isEqualTo("{\"size\":2,\"ready\":1,\"handlers\":{\"izolo\":{\"size\":2,\"ready\":1}}}");
    assertThat(status.getInfoOrThrow("template"))
        .isEqualTo("[{\"vcpus\":1,\"memoryMib\":256,\"state\":\"being-made\"}]");
    assertThat(status.getInfoOrThrow("hypervisor")).contains("\"accelerator\":");
    assertThat(status.getInfoOrThrow("config")).contains("/var/lib/izolo");
  }

  @Test
  void tellsTheCgroupDriverAndTakesRuntimeConfig() {
    assertThat(runtime.runtimeConfig(RuntimeConfigRequest.getDefaultInstance()).getLinux().getCgroupDriver())
        .isEqualTo(CgroupDriver.CGROUPFS);
    runtime.updateRuntimeConfig(UpdateRuntimeConfigRequest.getDefaultInstance());
  }

  @Test
  void runsASandboxWithTheDefaultHandler() {
    var given = new AtomicReference<Object[]>();
    stubs.answers.put("run", arguments -> {
      given.set(arguments);
      return "abc";
    });
    var answer = runtime.runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(pod()).build());
    assertThat(answer.getPodSandboxId()).isEqualTo("abc");
    assertThat(given.get()).containsExactly(pod(), "izolo");
  }

  @Test
  void anUnknownRuntimeHandlerIsAnsweredWithTheKnownOnes() {
    assertFails(Status.Code.INVALID_ARGUMENT, "no runtime handler \"kata\"; there are izolo, izolo-crun",
        () -> runtime.runPodSandbox(
            RunPodSandboxRequest.newBuilder().setConfig(pod()).setRuntimeHandler("kata").build()));
    assertThat(stubs.calls).isEmpty();
  }

  record BadRequest(String says, BadCall call) {
    @Override
    public String toString() {
      return says;
    }
  }

  interface BadCall {
    void make(RuntimeServiceGrpc.RuntimeServiceBlockingStub runtime, ImageServiceGrpc.ImageServiceBlockingStub images);
  }

  static List<BadRequest> badRequests() {
    PodSandboxMetadata whole = pod().getMetadata();
    return List.of(
        new BadRequest("config is missing", (r, i) -> r.runPodSandbox(RunPodSandboxRequest.getDefaultInstance())),
        new BadRequest("config.metadata is missing", (r, i) -> r.runPodSandbox(
            RunPodSandboxRequest.newBuilder().setConfig(PodSandboxConfig.getDefaultInstance()).build())),
        new BadRequest("config.metadata.name is missing", (r, i) -> run(r, whole.toBuilder().clearName())),
        new BadRequest("config.metadata.namespace is missing", (r, i) -> run(r, whole.toBuilder().clearNamespace())),
        new BadRequest("config.metadata.uid is missing", (r, i) -> run(r, whole.toBuilder().clearUid())),
        new BadRequest("longer than 253", (r, i) -> run(r, whole.toBuilder().setName("x".repeat(254)))),
        new BadRequest("control character", (r, i) -> run(r, whole.toBuilder().setName("a\nb"))),
        new BadRequest("pod_sandbox_id is missing", (r, i) -> r.podSandboxStatus(
            PodSandboxStatusRequest.getDefaultInstance())),
        new BadRequest("pod_sandbox_id is no id", (r, i) -> r.stopPodSandbox(
            StopPodSandboxRequest.newBuilder().setPodSandboxId("../../etc").build())),
        new BadRequest("container_id is missing", (r, i) -> r.containerStatus(
            ContainerStatusRequest.getDefaultInstance())),
        new BadRequest("container_id is no id", (r, i) -> r.containerStatus(
            ContainerStatusRequest.newBuilder().setContainerId("a/b").build())),
        new BadRequest("config is missing", (r, i) -> r.createContainer(
            CreateContainerRequest.newBuilder().setPodSandboxId("s").build())),
        new BadRequest("config.image is missing", (r, i) -> r.createContainer(CreateContainerRequest.newBuilder()
            .setPodSandboxId("s")
            .setConfig(ContainerConfig.newBuilder().setMetadata(ContainerMetadata.newBuilder().setName("c")))
            .build())),
        new BadRequest("cmd is missing", (r, i) -> r.execSync(
            ExecSyncRequest.newBuilder().setContainerId("c").build())),
        new BadRequest("timeout is negative", (r, i) -> r.execSync(
            ExecSyncRequest.newBuilder().setContainerId("c").addCmd("true").setTimeout(-1).build())),
        new BadRequest("linux is missing", (r, i) -> r.updateContainerResources(
            UpdateContainerResourcesRequest.newBuilder().setContainerId("c").build())),
        new BadRequest("image is missing", (r, i) -> i.pullImage(PullImageRequest.getDefaultInstance())),
        new BadRequest("image is missing", (r, i) -> i.imageStatus(ImageStatusRequest.getDefaultInstance())),
        new BadRequest("longer than any", (r, i) -> i.removeImage(RemoveImageRequest.newBuilder()
            .setImage(ImageSpec.newBuilder().setImage("x".repeat(5000))).build())));
  }

  private static void run(RuntimeServiceGrpc.RuntimeServiceBlockingStub runtime, PodSandboxMetadata.Builder metadata) {
    runtime.runPodSandbox(RunPodSandboxRequest.newBuilder()
        .setConfig(PodSandboxConfig.newBuilder().setMetadata(metadata)).build());
  }

  @ParameterizedTest
  @MethodSource("badRequests")
  void aBadRequestReachesNoService(BadRequest bad) {
    assertFails(Status.Code.INVALID_ARGUMENT, bad.says(), () -> bad.call().make(runtime, images));
    assertThat(stubs.calls).isEmpty();
  }

  @Test
  void containersAreCreatedStoppedAndAskedToRun() {
    stubs.answers.put("create", arguments -> "c1");
    var created = runtime.createContainer(CreateContainerRequest.newBuilder()
        .setPodSandboxId("s1")
        .setConfig(ContainerConfig.newBuilder()
            .setMetadata(ContainerMetadata.newBuilder().setName("c"))
            .setImage(ImageSpec.newBuilder().setImage("hello")))
        .build());
    assertThat(created.getContainerId()).isEqualTo("c1");

    var timeout = new AtomicReference<Object>();
    stubs.answers.put("stop", arguments -> {
      timeout.set(arguments[1]);
      return null;
    });
    runtime.stopContainer(StopContainerRequest.newBuilder().setContainerId("c1").setTimeout(-5).build());
    assertThat(timeout.get()).isEqualTo(Duration.ZERO);

    stubs.answers.put("execSync", arguments ->
        ExecSyncResponse.newBuilder().setStdout(ByteString.copyFromUtf8(arguments[1] + " " + arguments[2])).build());
    assertThat(runtime.execSync(ExecSyncRequest.newBuilder().setContainerId("c1").addCmd("ls").setTimeout(3).build())
        .getStdout().toStringUtf8()).isEqualTo("[ls] PT3S");
  }

  @Test
  void aServicesErrorIsTheCallsStatus() {
    stubs.answers.put("status", arguments -> {
      throw new CriException.NotFound("no container \"zzz\"");
    });
    assertFails(Status.Code.NOT_FOUND, "no container \"zzz\"", () -> runtime.containerStatus(
        ContainerStatusRequest.newBuilder().setContainerId("zzz").build()));
  }

  @Test
  void aFaultIsAnsweredAndTheDaemonLivesOn() {
    stubs.answers.put("list", arguments -> {
      throw new IllegalStateException("broken");
    });
    assertFails(Status.Code.INTERNAL, "broken", () -> runtime.listContainers(ListContainersRequest.getDefaultInstance()));
    assertThat(runtime.version(VersionRequest.getDefaultInstance()).getRuntimeName()).isEqualTo("izolo");
  }

  @Test
  void whatIsNotServedSaysSo() {
    assertFails(Status.Code.UNIMPLEMENTED, "crictl exec -s", () -> runtime.exec(ExecRequest.getDefaultInstance()));
  }

  /** Every RPC of the whole API has an answer of ours: none is left to gRPC's own "method not found". */
  @Test
  void everyRpcIsAnsweredByIzolo() {
    Set<String> streaming = Set.of("GetContainerEvents");
    for (var service : Api.getDescriptor().getServices()) {
      for (MethodDescriptor method : service.getMethods()) {
        if (streaming.contains(method.getName())) {
          continue;
        }
        assertThat(answerTo(method)).as(method.getFullName()).doesNotContain("Method not found");
      }
    }
  }

  private String answerTo(MethodDescriptor method) {
    var descriptors = Set.of(RuntimeServiceGrpc.getServiceDescriptor(), ImageServiceGrpc.getServiceDescriptor());
    var rpc = descriptors.stream().flatMap(service -> service.getMethods().stream())
        .filter(m -> m.getFullMethodName().equals(method.getService().getFullName() + "/" + method.getName()))
        .findFirst().orElseThrow();
    try {
      Iterator<?> answers = call(rpc);
      return answers.hasNext() ? answers.next().toString() : "";
    } catch (StatusRuntimeException e) {
      return e.getStatus().getDescription();
    }
  }

  @SuppressWarnings("unchecked")
  private <Q, R> Iterator<R> call(io.grpc.MethodDescriptor<Q, R> rpc) {
    Q empty = ((io.grpc.MethodDescriptor.PrototypeMarshaller<Q>) rpc.getRequestMarshaller()).getMessagePrototype();
    if (rpc.getType() == io.grpc.MethodDescriptor.MethodType.UNARY) {
      return List.of(ClientCalls.blockingUnaryCall(channel, rpc, CallOptions.DEFAULT, empty)).iterator();
    }
    return ClientCalls.blockingServerStreamingCall(channel, rpc, CallOptions.DEFAULT, empty);
  }

  @Test
  void cancellingACallInterruptsItsHandler() throws Exception {
    var entered = new CountDownLatch(1);
    var interrupted = new CompletableFuture<Boolean>();
    stubs.answers.put("run", arguments -> {
      entered.countDown();
      try {
        new CountDownLatch(1).await();
        return "";
      } catch (InterruptedException e) {
        interrupted.complete(true);
        throw e;
      }
    });
    var context = Context.current().withCancellation();
    Thread caller = Thread.ofVirtual().start(context.wrap((Runnable) () -> assertThatThrownBy(() ->
        runtime.runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(pod()).build()))));
    entered.await();
    context.cancel(null);
    assertThat(interrupted.get(10, TimeUnit.SECONDS)).isTrue();
    caller.join();
  }

  @Test
  void aDeadlineInterruptsTheHandlerToo() throws Exception {
    var interrupted = new CompletableFuture<Boolean>();
    stubs.answers.put("start", arguments -> {
      try {
        new CountDownLatch(1).await();
        return null;
      } catch (InterruptedException e) {
        interrupted.complete(true);
        throw e;
      }
    });
    assertFails(Status.Code.DEADLINE_EXCEEDED, "", () -> runtime.withDeadlineAfter(200, TimeUnit.MILLISECONDS)
        .startContainer(dev.izolo.cri.v1.StartContainerRequest.newBuilder().setContainerId("c").build()));
    assertThat(interrupted.get(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void eventsAreStreamedUntilTheCallerGoes() throws Exception {
    var context = Context.current().withCancellation();
    Iterator<ContainerEventResponse> events =
        context.call(() -> runtime.getContainerEvents(GetEventsRequest.getDefaultInstance()));
    for (int number = 0; number < 500; number++) {
      stubs.events.add(ContainerEventResponse.newBuilder().setContainerId("c" + number).build());
    }
    for (int number = 0; number < 500; number++) {
      assertThat(events.next().getContainerId()).isEqualTo("c" + number);
    }
    assertThat(stubs.subscriptionClosed).isFalse();
    context.cancel(null);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!stubs.subscriptionClosed && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(stubs.subscriptionClosed).isTrue();
  }

  @Test
  void stoppingFinishesCallsEndsStreamsAndRemovesTheSocket() throws Exception {
    var entered = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    stubs.answers.put("run", arguments -> {
      entered.countDown();
      release.await();
      return "finished";
    });
    Iterator<ContainerEventResponse> events = runtime.getContainerEvents(GetEventsRequest.getDefaultInstance());
    stubs.events.add(ContainerEventResponse.getDefaultInstance());
    events.next();
    var answer = CompletableFuture.supplyAsync(() ->
        runtime.runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(pod()).build()).getPodSandboxId(), ASIDE);
    entered.await();
    var stopped = CompletableFuture.runAsync(() -> {
      try {
        server.stop(Duration.ofSeconds(30));
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }, ASIDE);
    assertThatThrownBy(events::hasNext).isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("shutting down");
    release.countDown();
    assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo("finished");
    stopped.get(10, TimeUnit.SECONDS);
    assertThat(socket).doesNotExist();
  }

  @Test
  void whatDoesNotFinishInTimeIsCancelled() throws Exception {
    var entered = new CountDownLatch(1);
    stubs.answers.put("run", arguments -> {
      entered.countDown();
      new CountDownLatch(1).await();
      return "";
    });
    var answer = CompletableFuture.supplyAsync(() ->
        runtime.runPodSandbox(RunPodSandboxRequest.newBuilder().setConfig(pod()).build()), ASIDE);
    entered.await();
    server.stop(Duration.ofMillis(200));
    assertThatThrownBy(() -> answer.get(10, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class);
  }

  @Test
  void imagesAreShownAsTheKubeletNeedsThem() {
    stubs.answers.put("find", arguments -> Optional.of(StubServices.IMAGE));
    var status = images.imageStatus(ImageStatusRequest.newBuilder()
        .setImage(ImageSpec.newBuilder().setImage("app")).setVerbose(true).build());
    Image image = status.getImage();
    assertThat(image.getId()).isEqualTo(StubServices.IMAGE.id());
    assertThat(image.getUid().getValue()).isEqualTo(1000);
    assertThat(image.getUsername()).isEmpty();
    assertThat(image.getSize()).isEqualTo(1234);
    assertThat(image.getPinned()).isTrue();
    assertThat(status.getInfoOrThrow("info")).contains("\"entrypoint\":[\"/app\"]");
    assertThat(images.listImages(ListImagesRequest.newBuilder().setFilter(
        dev.izolo.cri.v1.ImageFilter.newBuilder().setImage(ImageSpec.newBuilder().setImage("app"))).build())
        .getImagesList()).containsExactly(image);
  }

  @Test
  void anAbsentImageIsAnEmptyAnswer() {
    stubs.answers.put("find", arguments -> Optional.empty());
    assertThat(images.imageStatus(ImageStatusRequest.newBuilder()
        .setImage(ImageSpec.newBuilder().setImage("none")).build()).hasImage()).isFalse();
  }

  @Test
  void pullsWithTheCredentialsAndAnswersTheId() {
    var given = new AtomicReference<Object[]>();
    stubs.answers.put("pull", arguments -> {
      given.set(arguments);
      return StubServices.IMAGE;
    });
    String reference = images.pullImage(PullImageRequest.newBuilder()
        .setImage(ImageSpec.newBuilder().setImage("app:1"))
        .setAuth(AuthConfig.newBuilder().setUsername("u").setPassword("p"))
        .build()).getImageRef();
    assertThat(reference).isEqualTo(StubServices.IMAGE.id());
    assertThat(given.get()).containsExactly("app:1", new RegistryAuth("u", "p", "", "", "", ""));
  }

  @Test
  void tellsTheSpaceOfImages() {
    stubs.answers.put("usage", arguments -> new ImageService.Usage(Path.of("/var/lib/izolo/images"), 42, 7));
    var info = images.imageFsInfo(ImageFsInfoRequest.getDefaultInstance());
    assertThat(info.getImageFilesystems(0).getUsedBytes().getValue()).isEqualTo(42);
    assertThat(info.getImageFilesystems(0).getInodesUsed().getValue()).isEqualTo(7);
    assertThat(info.getContainerFilesystems(0).getFsId().getMountpoint()).isEqualTo("/var/lib/izolo/images");
  }

  @Test
  void garbageOnTheSocketHarmsNobody() throws Exception {
    try (var raw = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      raw.write(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes()));
      var answer = ByteBuffer.allocate(1024);
      while (raw.read(answer) > 0) {
        answer.clear();
      }
    }
    assertThat(runtime.version(VersionRequest.getDefaultInstance()).getRuntimeName()).isEqualTo("izolo");
  }

  private static PodSandboxConfig pod() {
    return PodSandboxConfig.newBuilder()
        .setMetadata(PodSandboxMetadata.newBuilder().setName("p").setNamespace("n").setUid("u"))
        .build();
  }

  private static void assertFails(Status.Code code, String says, Runnable call) {
    assertThatThrownBy(call::run).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
      assertThat(e.getStatus().getCode()).isEqualTo(code);
      assertThat(String.valueOf(e.getStatus().getDescription())).contains(says);
    });
  }
}
