package dev.izolo.pods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.izolo.agent.v1.ExecSyncResponse;
import dev.izolo.agent.v1.ProcessExit;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.ContainerEventType;
import dev.izolo.cri.v1.ContainerFilter;
import dev.izolo.cri.v1.ContainerState;
import dev.izolo.cri.v1.ContainerStatsFilter;
import dev.izolo.cri.v1.Device;
import dev.izolo.cri.v1.LinuxContainerResources;
import dev.izolo.cri.v1.Mount;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.state.CriException;
import dev.izolo.vm.VmException;
import dev.izolo.vm.fake.FakeVmm.Operation;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(40)
class ContainersTest {
  @TempDir Path root;
  private PodNode node;
  private String sandbox;

  @BeforeEach
  void startNode() throws Exception {
    node = new PodNode(root);
    sandbox = node.run("web");
  }

  @AfterEach
  void stopNode() {
    node.close();
  }

  @Test
  void runsAProcessToItsEndWithItsOutputInTheLog() throws Exception {
    node.script(process -> process.out("one\ntwo").err("oops\n").exit(3));
    try (var events = node.events().subscribe()) {
      String id = node.started(sandbox, "app");
      var status = node.awaitExit(events, id);

      assertThat(status.getExitCode()).isEqualTo(3);
      assertThat(status.getReason()).isEqualTo("Error");
      assertThat(status.getStartedAt()).isPositive();
      assertThat(status.getFinishedAt()).isGreaterThanOrEqualTo(status.getStartedAt());
      assertThat(status.getImageRef()).isEqualTo(FakeImages.ID);
      assertThat(status.getUser().getLinux().getUid()).isEqualTo(1000);
      assertThat(status.getLogPath()).isEqualTo(node.logs() + "/app/0.log");
      assertThat(Files.readAllLines(Path.of(status.getLogPath())))
          .anyMatch(line -> line.matches("\\S+Z stdout F one"))
          .anyMatch(line -> line.matches("\\S+Z stdout P two"))
          .anyMatch(line -> line.matches("\\S+Z stderr F oops"))
          .hasSize(3);
      var info = node.containers().status(id, true).getInfoMap();
      assertThat(info.get("timeline")).contains("image attach", "create", "start", "first byte");
      assertThat(info.get("info")).contains("runtimeSpec");
    }
  }

  @Test
  void tellsTheWholeLifeAsEvents() throws Exception {
    node.script(process -> process.exit(0));
    try (var events = node.events().subscribe()) {
      String id = node.started(sandbox, "app");
      assertThat(events.next().getContainerEventType()).isEqualTo(ContainerEventType.CONTAINER_CREATED_EVENT);
      assertThat(events.next().getContainerEventType()).isEqualTo(ContainerEventType.CONTAINER_STARTED_EVENT);
      var stopped = events.next();
      assertThat(stopped.getContainerEventType()).isEqualTo(ContainerEventType.CONTAINER_STOPPED_EVENT);
      assertThat(stopped.getContainersStatuses(0).getReason()).isEqualTo("Completed");
      assertThat(stopped.getPodSandboxStatus().getId()).isEqualTo(sandbox);
      node.containers().remove(id);
      assertThat(events.next().getContainerEventType()).isEqualTo(ContainerEventType.CONTAINER_DELETED_EVENT);
    }
  }

  @Test
  void handsTheAgentTheImageLayersUnderAScratchDisk() throws Exception {
    String id = node.create(sandbox, "app");
    var request = node.agent(sandbox).process(id).request();

    assertThat(request.getLayersList()).hasSize(2);
    assertThat(request.getLayers(0).getSerial()).isEqualTo("l-" + "01".repeat(16));
    assertThat(request.getScratch().getSerial()).isEqualTo("s-" + id.substring(0, 32));
    assertThat(request.getOciSpecJson()).contains("\"args\":[\"/entry\",\"default-arg\"]", "A=image");
    var disks = node.vmm().machine(sandbox).orElseThrow().disks();
    assertThat(disks).hasSize(3);
    Path scratch =
        disks.stream().filter(d -> !d.spec().readOnly()).findFirst().orElseThrow().spec().file();
    assertThat(Files.size(scratch)).isEqualTo(64L << 20);
  }

  @Test
  void attachesALayerOnceForAllContainersAndDetachesItAfterTheLast() throws Exception {
    String first = node.create(sandbox, "first");
    String second = node.create(sandbox, "second");
    var machine = node.vmm().machine(sandbox).orElseThrow();
    assertThat(machine.disks()).hasSize(4);

    node.containers().remove(first);
    assertThat(machine.disks()).hasSize(3);
    node.containers().remove(second);
    assertThat(machine.disks()).isEmpty();
    assertThat(node.images().leases()).isZero();
  }

  @Test
  void aCommandThatCannotRunLeavesAnExitedContainerWithStartError() throws Exception {
    String id = node.create(sandbox, "app");
    node.agent(sandbox)
        .failNext("StartContainer", Status.FAILED_PRECONDITION.withDescription("exec: \"nope\": not found in $PATH"));

    assertThatThrownBy(() -> node.containers().start(id))
        .isInstanceOf(CriException.FailedPrecondition.class)
        .hasMessageContaining("exec: \"nope\": not found in $PATH");
    assertThat(node.status(id).getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
    assertThat(node.status(id).getExitCode()).isEqualTo(128);
    assertThat(node.status(id).getReason()).isEqualTo("StartError");
    node.containers().remove(id);
  }

  @Test
  void aFailedCreationNamesItsPhaseAndLeavesNothing() throws Exception {
    node.agent(sandbox).failNext("CreateContainer", Status.INVALID_ARGUMENT.withDescription("no user \"bob\""));
    assertThatThrownBy(() -> node.create(sandbox, "app")).hasMessageContaining("create: no user \"bob\"");
    node.vmm().failNext(Operation.ATTACH_DISK, new VmException.Exhausted("no slot left", null));
    assertThatThrownBy(() -> node.create(sandbox, "app")).hasMessageContaining("no slot left");

    assertThat(node.vmm().machine(sandbox).orElseThrow().disks()).isEmpty();
    assertThat(node.images().leases()).isZero();
    assertThat(node.containers().list(ContainerFilter.getDefaultInstance())).isEmpty();
    assertThat(node.create(sandbox, "app")).isNotEmpty();
  }

  @Test
  void stopsByTheImagesSignalThenByForce() throws Exception {
    String polite = node.started(sandbox, "polite");
    node.containers().stop(polite, Duration.ofSeconds(10));
    assertThat(node.agent(sandbox).process(polite).signals()).containsExactly(10);
    assertThat(node.status(polite).getExitCode()).isEqualTo(138);

    node.script(FakeProcess::ignoreTerm);
    String stubborn = node.create(sandbox, "stubborn");
    node.agent(sandbox).process(stubborn).ignoreTerm();
    node.containers().start(stubborn);
    node.containers().stop(stubborn, Duration.ofMillis(50));
    assertThat(node.agent(sandbox).process(stubborn).signals()).containsExactly(10, 9);
    assertThat(node.status(stubborn).getExitCode()).isEqualTo(137);

    node.containers().stop(stubborn, Duration.ZERO);
    node.containers().stop("abcdef", Duration.ZERO);
    node.containers().remove("abcdef");
  }

  @Test
  void publishesAnExitOnlyAfterTheLastByteIsInTheLog() throws Exception {
    node.script(process -> process.holdOutputOpen().exit(0));
    try (var events = node.events().subscribe()) {
      String id = node.started(sandbox, "app");
      FakeProcess process = node.agent(sandbox).process(id);
      while (process.exited() == null) {
        Thread.onSpinWait();
      }
      process.out("late\n");
      process.closeOutput();
      var status = node.awaitExit(events, id);
      assertThat(Files.readString(Path.of(status.getLogPath()))).endsWith("stdout F late\n");
    }
  }

  @Test
  void saysThatAContainerRanOutOfMemory() throws Exception {
    node.script(FakeProcess::outOfMemory);
    try (var events = node.events().subscribe()) {
      var status = node.awaitExit(events, node.started(sandbox, "app"));
      assertThat(status.getReason()).isEqualTo("OOMKilled");
      assertThat(status.getExitCode()).isEqualTo(137);
    }
  }

  @Test
  void executesACommandAndKeepsItsOutput() throws Exception {
    String id = node.started(sandbox, "app");
    node.agent(sandbox)
        .onExec(
            request ->
                List.of(
                    ExecSyncResponse.newBuilder().setStdout(ByteString.copyFromUtf8(request.getArgs(0))).build(),
                    ExecSyncResponse.newBuilder().setStderr(ByteString.copyFromUtf8("warn")).build(),
                    FakeAgent.exit(ProcessExit.newBuilder().setExitCode(4).build())));

    var answer = node.containers().execSync(id, List.of("date"), Duration.ZERO);

    assertThat(answer.getStdout().toStringUtf8()).isEqualTo("date");
    assertThat(answer.getStderr().toStringUtf8()).isEqualTo("warn");
    assertThat(answer.getExitCode()).isEqualTo(4);
  }

  @Test
  void anExecThatTakesTooLongIsADeadlineExceeded() throws Exception {
    String id = node.started(sandbox, "app");
    node.agent(sandbox)
        .onExec(_ -> List.of(FakeAgent.exit(ProcessExit.newBuilder().setExitCode(137).setTimedOut(true).build())));

    assertThatThrownBy(() -> node.containers().execSync(id, List.of("sleep", "9"), Duration.ofSeconds(1)))
        .isInstanceOf(CriException.DeadlineExceeded.class)
        .hasMessageContaining("1 s");
  }

  @Test
  void aCallThatLosesItsVmSaysWhyTheVmEnded() throws Exception {
    String id = node.started(sandbox, "app");
    node.agent(sandbox)
        .onExec(
            _ -> {
              node.vmm().machine(sandbox).orElseThrow().die("the guest's kernel panicked");
              return List.of(FakeAgent.exit(ProcessExit.getDefaultInstance()));
            });

    assertThatThrownBy(() -> node.containers().execSync(id, List.of("date"), Duration.ZERO))
        .isInstanceOf(CriException.Unavailable.class)
        .hasMessageContaining("VM has ended (ExecSync): the guest's kernel panicked");
    node.sandboxes().stop(sandbox);
    node.sandboxes().remove(sandbox);
  }

  @Test
  void aStartThatLosesItsVmSaysWhyTheVmEnded() throws Exception {
    String id = node.create(sandbox, "app");
    node.agent(sandbox)
        .beforeStart(() -> node.vmm().machine(sandbox).orElseThrow().die("the guest's kernel panicked"));

    assertThatThrownBy(() -> node.containers().start(id))
        .isInstanceOf(CriException.Unavailable.class)
        .hasMessageContaining("VM has ended (StartContainer): the guest's kernel panicked");
    assertThat(node.status(id).getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
    node.sandboxes().stop(sandbox);
    node.sandboxes().remove(sandbox);
  }

  @Test
  void doesNotBelieveAGuestThatBreaksTheProtocol() throws Exception {
    String id = node.started(sandbox, "app");
    node.agent(sandbox).onExec(_ -> List.of(FakeAgent.exit(ProcessExit.newBuilder().setExitCode(4711).build())));
    assertThatThrownBy(() -> node.containers().execSync(id, List.of("x"), Duration.ZERO))
        .isInstanceOf(CriException.Internal.class)
        .hasMessageContaining("exit code 4711");
    node.agent(sandbox).onExec(_ -> List.of());
    assertThatThrownBy(() -> node.containers().execSync(id, List.of("x"), Duration.ZERO))
        .hasMessageContaining("no exit");
  }

  @Test
  void refusesWhatIsNotAvailableByTheFieldsName() {
    refused(node.container("a").addMounts(Mount.newBuilder().setContainerPath("/data")), "mounts (/data)");
    refused(node.container("a").addDevices(Device.newBuilder().setHostPath("/dev/sda")), "devices (/dev/sda)");
    refused(node.container("a").addCDIDevices(dev.izolo.cri.v1.CDIDevice.newBuilder().setName("gpu")), "CDI_devices");
    invalid(node.container("a").setLogPath("../../etc/passwd"), "..");
    invalid(node.container("a").clearMetadata(), "metadata");
    var privileged = node.container("a");
    privileged.getLinuxBuilder().getSecurityContextBuilder().setPrivileged(true);
    invalid(privileged, "privileged");
    var group = node.container("a");
    group.getLinuxBuilder().getSecurityContextBuilder().getRunAsGroupBuilder().setValue(5);
    invalid(group, "run_as_group");
  }

  private void refused(ContainerConfig.Builder config, String words) {
    assertThatThrownBy(
            () -> node.containers().create(sandbox, config.build(), PodSandboxConfig.getDefaultInstance()))
        .isInstanceOf(CriException.Unimplemented.class)
        .hasMessageContaining(words);
  }

  private void invalid(ContainerConfig.Builder config, String words) {
    assertThatThrownBy(
            () -> node.containers().create(sandbox, config.build(), PodSandboxConfig.getDefaultInstance()))
        .isInstanceOf(CriException.InvalidArgument.class)
        .hasMessageContaining(words);
  }

  @Test
  void anAbsentImageIsNotFound() {
    var config = node.container("a");
    config.getImageBuilder().setImage("registry.test/other:1");
    assertThatThrownBy(
            () -> node.containers().create(sandbox, config.build(), PodSandboxConfig.getDefaultInstance()))
        .isInstanceOf(CriException.NotFound.class)
        .hasMessageContaining("registry.test/other:1");
  }

  @Test
  void updatesLimitsAndShowsThem() throws Exception {
    String id = node.started(sandbox, "app");

    node.containers().update(id, LinuxContainerResources.newBuilder().setMemoryLimitInBytes(64 << 20).build());

    assertThat(node.agent(sandbox).updates()).containsExactly("{\"memory\":{\"limit\":67108864}}");
    assertThat(node.status(id).getResources().getLinux().getMemoryLimitInBytes()).isEqualTo(64 << 20);
  }

  @Test
  void goesOnInANewLogFileAfterRotation() throws Exception {
    String id = node.started(sandbox, "app");
    FakeProcess process = node.agent(sandbox).process(id);
    Path log = Path.of(node.status(id).getLogPath());
    process.out("before\n");
    awaitSize(log);
    Files.move(log, log.resolveSibling("0.log.1"));
    node.containers().reopenLog(id);
    process.out("after\n");
    awaitSize(log);

    assertThat(Files.readString(log)).endsWith("stdout F after\n").doesNotContain("before");
  }

  private static void awaitSize(Path log) throws Exception {
    while (Files.notExists(log) || Files.size(log) == 0) {
      Thread.onSpinWait();
    }
  }

  @Test
  void listsAndMeasures() throws Exception {
    String id = node.started(sandbox, "app");
    node.create(sandbox, "other");

    var running = ContainerFilter.newBuilder();
    running.getStateBuilder().setState(ContainerState.CONTAINER_RUNNING);
    assertThat(node.containers().list(running.build())).extracting(c -> c.getId()).containsExactly(id);
    assertThat(node.containers().list(ContainerFilter.newBuilder().setPodSandboxId(sandbox).build())).hasSize(2);
    var stats = node.containers().stats(ContainerStatsFilter.getDefaultInstance());
    assertThat(stats).hasSize(1);
    assertThat(stats.getFirst().getWritableLayer().getUsedBytes().getValue()).isEqualTo(4096);
    assertThatThrownBy(() -> node.containers().status("ffff", false)).isInstanceOf(CriException.NotFound.class);
    assertThatThrownBy(() -> node.containers().start(id)).isInstanceOf(CriException.FailedPrecondition.class);
  }

  @Test
  void aListShowsEachChangeAndTheNewestFirst() throws Exception {
    String first = node.create(sandbox, "first");
    String second = node.create(sandbox, "second");
    assertThat(node.containers().list(ContainerFilter.getDefaultInstance()))
        .extracting(c -> c.getId() + " " + c.getState())
        .containsExactly(second + " CONTAINER_CREATED", first + " CONTAINER_CREATED");
    node.containers().start(first);
    assertThat(node.containers().list(ContainerFilter.getDefaultInstance()))
        .extracting(c -> c.getState().name()).containsExactly("CONTAINER_CREATED", "CONTAINER_RUNNING");
    assertThat(node.containers().list(ContainerFilter.getDefaultInstance()).get(1))
        .as("built once for a record").isSameAs(node.containers().list(ContainerFilter.getDefaultInstance()).get(1));
    node.containers().stop(first, Duration.ZERO);
    node.containers().remove(second);
    assertThat(node.containers().list(ContainerFilter.getDefaultInstance()))
        .extracting(c -> c.getId() + " " + c.getState()).containsExactly(first + " CONTAINER_EXITED");
  }

  @Test
  void removalOfARunningContainerKillsIt() throws Exception {
    String id = node.started(sandbox, "app");
    node.containers().remove(id);
    assertThat(node.agent(sandbox).containers()).isEmpty();
    assertThatThrownBy(() -> node.containers().status(id, false)).isInstanceOf(CriException.NotFound.class);
  }
}
