package dev.izolo.e2e.harness;

import com.google.protobuf.ByteString;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.ContainerState;
import dev.izolo.cri.v1.ContainerStatus;
import dev.izolo.cri.v1.ContainerStatusRequest;
import dev.izolo.cri.v1.ExecSyncRequest;
import dev.izolo.cri.v1.ExecSyncResponse;
import dev.izolo.cri.v1.RemoveContainerRequest;
import dev.izolo.cri.v1.StartContainerRequest;
import dev.izolo.cri.v1.StopContainerRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A container and what tests do with it. Closing removes it, running or not.
 *
 * @param id the container's id
 */
public record Container(Pod pod, String id, ContainerConfig config) implements AutoCloseable {

  /** How a container ended and what it wrote. */
  public record Result(int exitCode, String reason, String message, byte[] stdout, byte[] stderr) {
    public String out() {
      return new String(stdout, StandardCharsets.UTF_8);
    }

    public String err() {
      return new String(stderr, StandardCharsets.UTF_8);
    }
  }

  public void start() {
    pod.cri().runtime().startContainer(StartContainerRequest.newBuilder().setContainerId(id).build());
  }

  public void stop(Duration grace) {
    pod.cri().runtime().stopContainer(
        StopContainerRequest.newBuilder().setContainerId(id).setTimeout(grace.toSeconds()).build());
  }

  public void remove() {
    pod.cri().runtime().removeContainer(RemoveContainerRequest.newBuilder().setContainerId(id).build());
  }

  public ContainerStatus status() {
    return pod.cri().runtime().containerStatus(
        ContainerStatusRequest.newBuilder().setContainerId(id).setVerbose(true).build()).getStatus();
  }

  /** Waits for its end. */
  public ContainerStatus awaitExit() {
    return Patience.await("container " + id + " to exit", Patience.seconds(60), this::status,
        status -> status.getState() == ContainerState.CONTAINER_EXITED);
  }

  /** Waits for its end and reads its log. */
  public Result result() {
    ContainerStatus status = awaitExit();
    CriLog log = log();
    return new Result(status.getExitCode(), status.getReason(), status.getMessage(), log.stdout(), log.stderr());
  }

  public Path logFile() {
    return Path.of(pod.config().getLogDirectory(), config.getLogPath());
  }

  public CriLog log() {
    return CriLog.read(logFile());
  }

  /** Waits until its stdout so far contains {@code text}. */
  public void awaitOutput(String text) {
    Patience.await("output " + text + " of " + id, Patience.seconds(60), () -> new String(log().stdout(), StandardCharsets.UTF_8),
        out -> out.contains(text));
  }

  /** Runs a command in it, bounded by {@code timeout}. */
  public ExecSyncResponse exec(Duration timeout, String... command) {
    return pod.cri().runtime().execSync(ExecSyncRequest.newBuilder().setContainerId(id)
        .addAllCmd(List.of(command)).setTimeout(timeout.toSeconds()).build());
  }

  /** Runs a shell script in it and returns its stdout; fails unless it exits 0. */
  public String sh(String script) {
    ExecSyncResponse response = exec(Duration.ofSeconds(60), "/bin/sh", "-c", script);
    if (response.getExitCode() != 0) {
      throw new AssertionError(script + " exited " + response.getExitCode() + ": " + text(response.getStderr()));
    }
    return text(response.getStdout());
  }

  public static String text(ByteString bytes) {
    return bytes.toStringUtf8();
  }

  @Override
  public void close() {
    remove();
  }
}
