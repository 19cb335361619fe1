package dev.izolo.cli;

import dev.izolo.cri.v1.ContainerEventResponse;
import dev.izolo.cri.v1.ContainerEventType;
import dev.izolo.cri.v1.ContainerState;
import dev.izolo.cri.v1.ContainerStatus;
import dev.izolo.cri.v1.ContainerStatusRequest;
import dev.izolo.cri.v1.CreateContainerRequest;
import dev.izolo.cri.v1.GetEventsRequest;
import dev.izolo.cri.v1.ImageSpec;
import dev.izolo.cri.v1.ImageStatusRequest;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxStatusRequest;
import dev.izolo.cri.v1.PullImageRequest;
import dev.izolo.cri.v1.RemovePodSandboxRequest;
import dev.izolo.cri.v1.RunPodSandboxRequest;
import dev.izolo.cri.v1.StartContainerRequest;
import dev.izolo.cri.v1.StopPodSandboxRequest;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** One {@code izolo run}, by CRI alone: pod, container, output, exit code, and back to nothing. */
final class RunSession implements AutoCloseable {
  private static final long CLEANUP_SECONDS = 60;

  private final CriClient client;
  private final RunOptions options;
  private final ClientTimeline times;
  private final String name = "run-" + HexFormat.of().formatHex(randomBytes());
  private final Path logs;
  // Cancelled by Ctrl-C: ends whatever call is in flight, which the daemon then rolls back.
  private final Context.CancellableContext calls = Context.current().withCancellation();
  private final Object lock = new Object();
  private String pod;
  private boolean cleaned;

  /** @param logDirectory where sessions keep their containers' logs */
  RunSession(CriClient client, RunOptions options, Path logDirectory, ClientTimeline times) {
    this.client = client;
    this.options = options;
    this.times = times;
    this.logs = logDirectory.resolve(name);
  }

  /** Runs the container to its end; gives its exit code. */
  int run(OutputStream stdout, OutputStream stderr) throws Exception {
    return calls.call(() -> runContainer(stdout, stderr));
  }

  private int runContainer(OutputStream stdout, OutputStream stderr) throws Exception {
    times.time("image", this::ensureImage);
    Files.createDirectories(
        logs, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    PodSandboxConfig config = options.pod(name, UUID.randomUUID().toString(), logs);
    times.time("sandbox", () -> startPod(config));
    addPhases("sandbox", client.runtime()
        .podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(pod).setVerbose(true).build())
        .getInfoMap().get("timeline"));
    String container = times.time("create", () -> client.runtime()
        .createContainer(CreateContainerRequest.newBuilder()
            .setPodSandboxId(pod).setConfig(options.container()).setSandboxConfig(config).build())
        .getContainerId());
    ContainerStatus end;
    try (var follower = new LogFollower(logs.resolve(RunOptions.LOG_FILE),
        new CriLogParser(times.noticing("first byte", stdout), times.noticing("first byte", stderr)))) {
      CompletableFuture<Void> ended = watchForExit(container, follower);
      times.time("start", () -> start(container));
      times.begin("first byte");
      times.begin("run");
      follower.follow();
      ended.get();
      times.end("run");
      end = status(container).getStatus();
    } catch (ExecutionException e) {
      throw new CliException(ExitCodes.RUNTIME_FAILED, "lost sight of the container: " + e.getCause().getMessage(), e);
    }
    addPhases("create", status(container).getInfoMap().get("timeline"));
    times.time("clean up", this::cleanUp);
    return end.getExitCode();
  }

  private Void ensureImage() {
    ImageSpec spec = ImageSpec.newBuilder().setImage(options.image()).build();
    if (!client.images().imageStatus(ImageStatusRequest.newBuilder().setImage(spec).build()).hasImage()) {
      client.images().pullImage(PullImageRequest.newBuilder().setImage(spec).build());
    }
    return null;
  }

  private Void startPod(PodSandboxConfig config) throws CliException {
    String id = client.runtime()
        .runPodSandbox(RunPodSandboxRequest.newBuilder()
            .setConfig(config).setRuntimeHandler(options.runtimeHandler()).build())
        .getPodSandboxId();
    synchronized (lock) {
      pod = id;
      if (cleaned) {
        // Ctrl-C came just as the daemon answered: its clean-up saw no pod yet.
        removePod(id);
        throw new CliException(ExitCodes.RUNTIME_FAILED, "interrupted", null);
      }
    }
    return null;
  }

  private Void start(String container) throws CliException {
    try {
      client.runtime().startContainer(StartContainerRequest.newBuilder().setContainerId(container).build());
      return null;
    } catch (StatusRuntimeException e) {
      String message = CriClient.message(e);
      int code = ExitCodes.RUNTIME_FAILED;
      if (message.contains("no such file or directory") || message.contains("executable file not found")
          || message.contains("not found in $PATH")) {
        code = ExitCodes.NO_SUCH_COMMAND;
      } else if (message.contains("permission denied")) {
        code = ExitCodes.NOT_EXECUTABLE;
      }
      throw new CliException(code, message, e);
    }
  }

  /** Ends the follower when the container has ended: the daemon publishes that only when the log is complete. */
  private CompletableFuture<Void> watchForExit(String container, LogFollower follower) {
    var ended = new CompletableFuture<Void>();
    Iterator<ContainerEventResponse> events = client.runtime().getContainerEvents(GetEventsRequest.getDefaultInstance());
    Thread.ofVirtual().name("events").start(calls.wrap(() -> {
      try {
        while (status(container).getStatus().getState() != ContainerState.CONTAINER_EXITED) {
          awaitStop(container, events);
        }
        ended.complete(null);
      } catch (StatusRuntimeException e) {
        ended.completeExceptionally(new IOException(CriClient.message(e), e));
      } finally {
        endFollowing(follower, ended);
      }
    }));
    return ended;
  }

  private static void awaitStop(String container, Iterator<ContainerEventResponse> events) {
    while (events.hasNext()) {
      ContainerEventResponse event = events.next();
      if (event.getContainerId().equals(container)
          && event.getContainerEventType() == ContainerEventType.CONTAINER_STOPPED_EVENT) {
        return;
      }
    }
  }

  private static void endFollowing(LogFollower follower, CompletableFuture<Void> ended) {
    try {
      follower.end();
    } catch (IOException e) {
      ended.completeExceptionally(e);
    }
  }

  private dev.izolo.cri.v1.ContainerStatusResponse status(String container) {
    return client.runtime().containerStatus(
        ContainerStatusRequest.newBuilder().setContainerId(container).setVerbose(true).build());
  }

  private void addPhases(String parent, String timelineJson) throws IOException {
    if (timelineJson != null) {
      times.addWithin(parent, timelineJson);
    }
  }

  /** Undoes the session from another thread, for Ctrl-C; returns when all is undone. */
  void cancel() {
    calls.cancel(null);
    cleanUpQuietly();
  }

  @Override
  public void close() {
    cleanUpQuietly();
    calls.cancel(null);
  }

  private void cleanUpQuietly() {
    try {
      Context.ROOT.call(this::cleanUp);
    } catch (StatusRuntimeException e) {
      System.err.println("izolo: pod " + pod + " could not be cleaned up: " + CriClient.message(e));
    } catch (Exception e) {
      System.err.println("izolo: " + logs + " could not be removed: " + e.getMessage());
    }
  }

  /** The VM ends in any case; with --rm everything goes, else the pod and its log stay to be looked at. */
  private Void cleanUp() throws IOException {
    synchronized (lock) {
      if (cleaned) {
        return null;
      }
      cleaned = true;
      if (pod == null) {
        removeLogs();
      } else if (options.remove()) {
        removePod(pod);
      } else {
        stopPod(pod);
      }
    }
    return null;
  }

  private void stopPod(String id) {
    client.runtime().withDeadlineAfter(CLEANUP_SECONDS, TimeUnit.SECONDS)
        .stopPodSandbox(StopPodSandboxRequest.newBuilder().setPodSandboxId(id).build());
  }

  private void removePod(String id) {
    stopPod(id);
    client.runtime().withDeadlineAfter(CLEANUP_SECONDS, TimeUnit.SECONDS)
        .removePodSandbox(RemovePodSandboxRequest.newBuilder().setPodSandboxId(id).build());
    removeLogs();
  }

  private void removeLogs() {
    try {
      Files.deleteIfExists(logs.resolve(RunOptions.LOG_FILE));
      Files.deleteIfExists(logs);
    } catch (IOException e) {
      System.err.println("izolo: " + logs + " could not be removed: " + e.getMessage());
    }
  }

  private static byte[] randomBytes() {
    byte[] bytes = new byte[5];
    new SecureRandom().nextBytes(bytes);
    return bytes;
  }
}
