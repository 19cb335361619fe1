package dev.izolo.e2e;

import static dev.izolo.e2e.harness.IzoloUnderTest.reference;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.ContainerState;
import dev.izolo.cri.v1.ContainerStatsRequest;
import dev.izolo.cri.v1.Int64Value;
import dev.izolo.cri.v1.KeyValue;
import dev.izolo.cri.v1.LinuxContainerConfig;
import dev.izolo.cri.v1.LinuxContainerResources;
import dev.izolo.cri.v1.LinuxContainerSecurityContext;
import dev.izolo.cri.v1.ReopenContainerLogRequest;
import dev.izolo.e2e.harness.Container;
import dev.izolo.e2e.harness.Fixtures;
import dev.izolo.e2e.harness.IzoloUnderTest;
import dev.izolo.e2e.harness.LayerTar;
import dev.izolo.e2e.harness.OciImage;
import dev.izolo.e2e.harness.Patience;
import dev.izolo.e2e.harness.Pod;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers of one pod, which these tests share: each removes its own. */
@Tag("vm")
class ContainerTest {
  private static final byte[] NOISE = Fixtures.random(1 << 20, 7);
  private static final byte[] OTHER_NOISE = Fixtures.random(1 << 20, 8);
  private static final String BOX = reference("box");

  @RegisterExtension
  static final IzoloUnderTest izolo = IzoloUnderTest.with(Map.of(
      "box", Fixtures.busybox(),
      "noise", Fixtures.base().layer(new LayerTar().file("noise", 0644, NOISE).file("other", 0644, OTHER_NOISE),
          OciImage.Packing.PLAIN).build(),
      "alice", Fixtures.base().config("User", "alice").config("WorkingDir", "/tmp/made/for/alice").build(),
      "nosuchuser", Fixtures.base().config("User", "mallory").build()));

  private static Pod pod;

  @BeforeAll
  static void runPod() {
    pod = izolo.runPod();
  }

  @AfterAll
  static void removePod() {
    if (pod != null) {
      pod.close();
    }
  }

  @Test
  void tellsTheExitCodeAndTheTimes() {
    try (Container container = pod.create(Pod.script(BOX, "exit 42"))) {
      assertThat(container.status().getState()).isEqualTo(ContainerState.CONTAINER_CREATED);
      container.start();
      var status = container.awaitExit();
      assertThat(status.getExitCode()).isEqualTo(42);
      assertThat(status.getReason()).isEqualTo("Error");
      assertThat(status.getCreatedAt()).isPositive();
      assertThat(status.getStartedAt()).isGreaterThanOrEqualTo(status.getCreatedAt());
      assertThat(status.getFinishedAt()).isGreaterThanOrEqualTo(status.getStartedAt());
    }
  }

  @Test
  void keepsStdoutAndStderrApartAndEveryByte() {
    Container.Result result = pod.run(Pod.script(reference("noise"), "cat /noise & cat /other >&2; wait"));
    assertThat(result.exitCode()).isZero();
    assertThat(result.stdout()).isEqualTo(NOISE);
    assertThat(result.stderr()).isEqualTo(OTHER_NOISE);
  }

  @Test
  void marksLongAndUnendedLinesAsPartial() {
    try (Container container = pod.start(Pod.script(BOX, "head -c 40000 /dev/zero | tr '\\0' x; echo; printf end"))) {
      container.awaitExit();
      var entries = container.log().entries();
      assertThat(entries).hasSizeGreaterThan(3);
      assertThat(entries.getFirst().partial()).isTrue();
      assertThat(entries.getLast().partial()).isTrue();
      assertThat(entries.getLast().content()).asString().isEqualTo("end");
      assertThat(container.log().stdout()).hasSize(40_000 + 1 + 3);
    }
  }

  @Test
  void writesToANewLogFileOnceTheKubeletHasRotatedIt() throws IOException {
    try (Container container = pod.start(Pod.script(BOX, "echo before; while [ ! -e /go ]; do usleep 20000; done; echo after"))) {
      container.awaitOutput("before");
      Path rotated = container.logFile().resolveSibling("rotated.log");
      Files.move(container.logFile(), rotated);
      izolo.cri().runtime().reopenContainerLog(
          ReopenContainerLogRequest.newBuilder().setContainerId(container.id()).build());
      container.sh("touch /go");
      assertThat(container.result().out()).isEqualTo("after\n");
      assertThat(Files.readString(rotated)).endsWith("before\n").doesNotContain("after");
    }
  }

  @Test
  void passesEnvironmentArgumentsAndWorkingDirectory() {
    ContainerConfig.Builder config = Pod.script(BOX, "echo \"$GREETING|$PATH|$PWD|$0|$1\"")
        .addArgs("zero").addArgs("a b  c")
        .setWorkingDir("/var").addEnvs(KeyValue.newBuilder().setKey("GREETING").setValue(com.google.protobuf.ByteString.copyFromUtf8("a=b c")));
    assertThat(pod.run(config).out()).isEqualTo("a=b c|/usr/local/bin:/usr/bin:/bin:/sbin:/usr/sbin|/var|zero|a b  c\n");
  }

  @Test
  void runsAsTheImagesUserInTheImagesDirectory() {
    assertThat(pod.run(Pod.script(reference("alice"), "id -u; id -g; id -G; pwd; echo $HOME")).out())
        .isEqualTo("1000\n1000\n1000 2000\n/tmp/made/for/alice\n/home/alice\n");
  }

  @Test
  void runsAsTheUserThatThePodAsksFor() {
    ContainerConfig.Builder config = Pod.script(reference("alice"), "id -u; id -g; id -G").setLinux(
        LinuxContainerConfig.newBuilder().setSecurityContext(LinuxContainerSecurityContext.newBuilder()
            .setRunAsUser(Int64Value.newBuilder().setValue(33)).setRunAsGroup(Int64Value.newBuilder().setValue(44))
            .addSupplementalGroups(55)));
    assertThat(pod.run(config).out().split("\n")).satisfies(lines -> {
      assertThat(lines[0]).isEqualTo("33");
      assertThat(lines[1]).isEqualTo("44");
      assertThat(lines[2].split(" ")).contains("44", "55");
    });
  }

  @Test
  void refusesAUserThatTheImageDoesNotKnow() {
    assertThatThrownBy(() -> {
      try (Container container = pod.create(Pod.script(reference("nosuchuser"), "id"))) {
        container.start();
      }
    }).isInstanceOf(StatusRuntimeException.class).hasMessageContaining("mallory");
    removeLeftContainers();
  }

  @Test
  void aCommandThatIsNotInTheImageIsAStartErrorWithExitCode128() {
    try (Container container = pod.create(Pod.container(BOX, "no-such-command"))) {
      long began = System.nanoTime();
      StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class, container::start);
      assertThat(failure).hasMessageContaining("no-such-command")
          .hasMessageContaining("executable file not found in $PATH");
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Patience.seconds(20));
      var status = container.status();
      assertThat(status.getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
      assertThat(status.getExitCode()).isEqualTo(128);
      assertThat(status.getReason()).isEqualTo("StartError");
      assertThat(status.getMessage()).contains("no-such-command");
    }
  }

  @Test
  void aFileThatCannotBeExecutedIsAStartErrorToo() {
    try (Container container = pod.create(Pod.container(BOX, "/etc/passwd"))) {
      assertThatThrownBy(container::start).isInstanceOf(StatusRuntimeException.class)
          .hasMessageContaining("permission denied");
      assertThat(container.status().getReason()).isEqualTo("StartError");
    }
  }

  @Test
  void stopSendsTheSignalThatTheContainerHandles() {
    try (Container container = pod.start(Pod.script(BOX,
        "trap 'echo asked; exit 7' TERM; echo ready; while :; do usleep 50000; done"))) {
      container.awaitOutput("ready");
      container.stop(Duration.ofSeconds(30));
      assertThat(container.status().getExitCode()).isEqualTo(7);
      assertThat(container.result().out()).isEqualTo("ready\nasked\n");
      container.stop(Duration.ofSeconds(30)); // stopping what has stopped is no error
    }
  }

  @Test
  void stopKillsWhatIgnoresTheSignalWhenTheTimeIsUp() {
    try (Container container = pod.start(Pod.script(BOX, "trap '' TERM; echo ready; while :; do sleep 1; done"))) {
      container.awaitOutput("ready");
      long began = System.nanoTime();
      container.stop(Duration.ofSeconds(2));
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isBetween(Duration.ofSeconds(2), Patience.seconds(20));
      assertThat(container.status().getExitCode()).isEqualTo(137);
    }
  }

  @Test
  void execReturnsOutputErrorsAndExitCode() {
    try (Container container = pod.start(Pod.script(BOX, "while :; do sleep 100; done"))) {
      var response = container.exec(Duration.ofSeconds(30), "/bin/sh", "-c", "echo out; echo err >&2; exit 3");
      assertThat(response.getExitCode()).isEqualTo(3);
      assertThat(Container.text(response.getStdout())).isEqualTo("out\n");
      assertThat(Container.text(response.getStderr())).isEqualTo("err\n");

      var big = container.exec(Duration.ofSeconds(60), "/bin/sh", "-c", "head -c 3000000 /dev/zero");
      assertThat(big.getStdout().size()).isEqualTo(3_000_000);
    }
  }

  @Test
  void execOfAnUnknownCommandSaysSoAndLeavesTheContainerRunning() {
    try (Container container = pod.start(Pod.script(BOX, "while :; do sleep 100; done"))) {
      String complaint;
      try {
        var response = container.exec(Duration.ofSeconds(30), "no-such-command");
        assertThat(response.getExitCode()).isIn(126, 127, 128);
        complaint = Container.text(response.getStderr());
      } catch (StatusRuntimeException e) {
        complaint = e.getMessage();
      }
      assertThat(complaint).contains("no-such-command").contains("executable file not found in $PATH");
      assertThat(container.status().getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
    }
  }

  @Test
  void execThatTakesTooLongIsKilledWithAllItStarted() {
    try (Container container = pod.start(Pod.script(BOX, "while :; do sleep 100; done"))) {
      long began = System.nanoTime();
      assertThatThrownBy(() -> container.exec(Duration.ofSeconds(2), "/bin/sh", "-c",
          "setsid sleep 4321 & sleep 4322")).isInstanceOf(StatusRuntimeException.class)
          .extracting(failure -> Status.fromThrowable((Throwable) failure).getCode())
          .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Patience.seconds(20));
      assertThat(container.sh("ps -o args")).doesNotContain("4321").doesNotContain("4322");
    }
  }

  @Test
  void manyExecsAtOnceAreAnsweredEachWithItsOwnOutput() throws Exception {
    try (Container container = pod.start(Pod.script(BOX, "while :; do sleep 100; done"));
        var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<String>> calls = java.util.stream.IntStream.range(0, 8)
          .mapToObj(i -> (Callable<String>) () -> container.sh("echo answer " + i)).toList();
      var answers = callers.invokeAll(calls);
      for (int i = 0; i < calls.size(); i++) {
        assertThat(answers.get(i).get()).isEqualTo("answer " + i + "\n");
      }
    }
  }

  @Test
  void containersOfOnePodShareItsNetworkAndHostname() {
    try (Container server = pod.start(Pod.script(BOX,
        "mkdir /www; echo from the neighbour > /www/index.html; httpd -p 127.0.0.1:8081 -h /www; echo up; while :; do sleep 100; done"))) {
      server.awaitOutput("up");
      assertThat(pod.run(Pod.script(BOX, "wget -qO- http://127.0.0.1:8081/; hostname")).out())
          .isEqualTo("from the neighbour\n" + pod.config().getHostname() + "\n");
    }
  }

  @Test
  void eachContainerHasARootOfItsOwnThatItsNextAttemptDoesNotSee() {
    assertThat(pod.run(Pod.script(BOX, "ls /mark 2>/dev/null; echo mine > /mark; cat /mark")).out()).isEqualTo("mine\n");
    assertThat(pod.run(Pod.script(BOX, "ls /mark 2>/dev/null; echo $?")).out()).isEqualTo("1\n");
  }

  @Test
  void aContainerThatTakesTooMuchMemoryIsKilledAndSaysWhy() {
    ContainerConfig.Builder hungry = Pod.script(BOX, "tail /dev/zero").setLinux(LinuxContainerConfig.newBuilder()
        .setResources(LinuxContainerResources.newBuilder().setMemoryLimitInBytes(24 << 20)));
    Container.Result result = pod.run(hungry);
    assertThat(result.exitCode()).isEqualTo(137);
    assertThat(result.reason()).isEqualTo("OOMKilled");
  }

  @Test
  void statsTellTimeAndMemory() {
    try (Container container = pod.start(Pod.script(BOX, "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo spun; while :; do sleep 100; done"))) {
      container.awaitOutput("spun");
      var stats = izolo.cri().runtime().containerStats(
          ContainerStatsRequest.newBuilder().setContainerId(container.id()).build()).getStats();
      assertThat(stats.getCpu().getUsageCoreNanoSeconds().getValue()).isPositive();
      assertThat(stats.getMemory().getWorkingSetBytes().getValue()).isBetween(50_000L, 200L << 20);
      assertThat(stats.getCpu().getTimestamp()).isPositive();
    }
  }

  @Test
  void removingARunningContainerEndsItAndRemovingItTwiceIsNoError() {
    Container container = pod.start(Pod.script(BOX, "while :; do sleep 100; done"));
    container.remove();
    container.remove();
    StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class, container::status);
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void whatIsNotThereYetIsRefusedByName() {
    ContainerConfig.Builder config = Pod.script(BOX, "true")
        .addMounts(dev.izolo.cri.v1.Mount.newBuilder().setHostPath("/etc").setContainerPath("/host"));
    StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class, () -> pod.create(config));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
    assertThat(failure.getMessage()).contains("volumes are not available yet");
  }

  @Test
  void anImageThatIsNotThereIsNotFound() {
    StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class,
        () -> pod.create(Pod.script("127.0.0.1:5000/nothing:here", "true")));
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(failure.getMessage()).contains("nothing:here");
  }

  private static void removeLeftContainers() {
    izolo.cri().runtime().listContainers(dev.izolo.cri.v1.ListContainersRequest.getDefaultInstance()).getContainersList()
        .forEach(container -> izolo.cri().runtime().removeContainer(
            dev.izolo.cri.v1.RemoveContainerRequest.newBuilder().setContainerId(container.getId()).build()));
  }
}
