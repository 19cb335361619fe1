package dev.izolo.pods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.v1.CreateContainerRequest;
import dev.izolo.cri.v1.ContainerFilter;
import dev.izolo.cri.v1.ContainerState;
import dev.izolo.cri.v1.PodSandboxFilter;
import dev.izolo.cri.v1.PodSandboxState;
import dev.izolo.state.ContainerRecord;
import dev.izolo.state.ContainerStep;
import dev.izolo.state.CriException;
import dev.izolo.state.Ids;
import dev.izolo.state.RecordStore;
import dev.izolo.state.RunStep;
import dev.izolo.state.SandboxRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A daemon that is killed between any two steps: what the next one makes of it. */
@Timeout(40)
class RestartTest {
  @TempDir Path root;
  private PodNode node;

  @BeforeEach
  void startNode() throws Exception {
    node = new PodNode(root);
  }

  @AfterEach
  void stopNode() {
    node.close();
  }

  private SandboxRecord sandboxRecord(String id) throws Exception {
    return new RecordStore(node.state())
        .load().stream().map(RecordStore.Loaded::sandbox).filter(r -> r.id().equals(id)).findFirst().orElseThrow();
  }

  private void rewrite(SandboxRecord record) throws Exception {
    new RecordStore(node.state()).save(record);
  }

  private void rewriteContainer(String id, ContainerStep step) throws Exception {
    var store = new RecordStore(node.state());
    ContainerRecord record =
        store.load().stream()
            .flatMap(l -> l.containers().stream()).filter(r -> r.id().equals(id)).findFirst().orElseThrow();
    store.save(record.at(step));
  }

  @Test
  void runningPodsAndTheirLogsSurvive() throws Exception {
    node.script(process -> process.out("first\nunfinis"));
    String sandbox = node.run("web");
    String container = node.started(sandbox, "app");
    FakeProcess process = node.agent(sandbox).process(container);
    Path log = Path.of(node.status(container).getLogPath());
    while (Files.size(log) == 0) {
      Thread.onSpinWait();
    }

    node.stopDaemon();
    process.out("hed\nwhile away\n");
    node.startDaemonAgain();
    try (var events = node.events().subscribe()) {
      process.out("last\n");
      process.exit(5);
      assertThat(node.awaitExit(events, container).getExitCode()).isEqualTo(5);
    }

    assertThat(Files.readAllLines(log).stream().map(line -> line.split(" ", 4)[3]))
        .containsExactly("first", "unfinished", "while away", "last");
    assertThat(node.sandboxes().status(sandbox, false).getStatus().getState())
        .isEqualTo(PodSandboxState.SANDBOX_READY);
    assertThatThrownBy(() -> node.run("web")).isInstanceOf(CriException.AlreadyExists.class);
    node.sandboxes().remove(sandbox);
    node.assertNothingLeft();
  }

  @Test
  void anExitWhileNoDaemonRanIsNotMissed() throws Exception {
    String sandbox = node.run("web");
    String container = node.started(sandbox, "app");
    node.stopDaemon();
    node.agent(sandbox).process(container).out("bye\n").exit(9);
    node.startDaemonAgain();

    try (var events = node.events().subscribe()) {
      var status = node.awaitExit(events, container);
      assertThat(status.getExitCode()).isEqualTo(9);
      assertThat(Files.readString(Path.of(status.getLogPath()))).endsWith("stdout F bye\n");
    }
  }

  @Test
  void aVmThatDiedMeanwhileMakesItsPodNotReady() throws Exception {
    String sandbox = node.run("web");
    String container = node.started(sandbox, "app");
    node.stopDaemon();
    node.vmm().machine(sandbox).orElseThrow().die("host out of memory");
    node.startDaemonAgain();

    assertThat(node.sandboxes().status(sandbox, false).getStatus().getState())
        .isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
    assertThat(node.status(container).getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
    assertThat(node.status(container).getExitCode()).isEqualTo(137);
    node.sandboxes().stop(sandbox);
    node.sandboxes().remove(sandbox);
    node.assertNothingLeft();
  }

  @ParameterizedTest
  @EnumSource(names = {"SPARE", "RESERVED", "NETWORK", "BOOTING", "CONFIGURING", "UNDOING"})
  void aRunThatWasCutShortIsUndone(RunStep step) throws Exception {
    String sandbox = node.run("web");
    node.stopDaemon();
    SandboxRecord record = sandboxRecord(sandbox);
    rewrite(record.at(step));
    node.startDaemonAgain();

    assertThat(node.sandboxes().list(PodSandboxFilter.getDefaultInstance())).isEmpty();
    node.assertNothingLeft();
    assertThat(node.run("web")).isNotEqualTo(sandbox);
  }

  @Test
  void aVmThatWasBootingAndNoRecordTellsOfIsEnded() throws Exception {
    String sandbox = node.run("web");
    node.stopDaemon();
    rewrite(sandboxRecord(sandbox).at(RunStep.BOOTING).withVm(null));
    node.startDaemonAgain();

    assertThat(node.sandboxes().list(PodSandboxFilter.getDefaultInstance())).isEmpty();
    assertThat(node.vmm().machine(sandbox)).isEmpty();
    node.assertNothingLeft();
  }

  @ParameterizedTest
  @EnumSource(names = {"VM_GONE", "STOPPING", "STOPPED", "REMOVING"})
  void anEndThatWasCutShortIsFinishedOrCanBe(RunStep step) throws Exception {
    String sandbox = node.run("web");
    node.started(sandbox, "app");
    node.stopDaemon();
    rewrite(sandboxRecord(sandbox).at(step));
    node.startDaemonAgain();

    if (step == RunStep.REMOVING) {
      assertThat(node.sandboxes().list(PodSandboxFilter.getDefaultInstance())).isEmpty();
    } else {
      assertThat(node.sandboxes().status(sandbox, false).getStatus().getState())
          .isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
    }
    node.sandboxes().stop(sandbox);
    node.sandboxes().remove(sandbox);
    if (step == RunStep.STOPPED || step == RunStep.REMOVING) {
      // Such a record says that the VM is gone; the test's is not, since it was never really stopped.
      node.vmm().close();
      return;
    }
    node.assertNothingLeft();
  }

  @Test
  void aCreationThatWasCutShortIsUndone() throws Exception {
    String sandbox = node.run("web");
    String container = node.create(sandbox, "app");
    node.stopDaemon();
    rewriteContainer(container, ContainerStep.CREATING);
    node.startDaemonAgain();

    assertThat(node.containers().list(ContainerFilter.getDefaultInstance())).isEmpty();
    assertThat(node.agent(sandbox).containers()).isEmpty();
    assertThat(node.vmm().machine(sandbox).orElseThrow().disks()).isEmpty();
    assertThat(node.images().leases()).isLessThanOrEqualTo(1);
    assertThat(node.create(sandbox, "app")).isNotEqualTo(container);
  }

  @Test
  void aRemovalThatWasCutShortIsFinished() throws Exception {
    String sandbox = node.run("web");
    String container = node.create(sandbox, "app");
    node.stopDaemon();
    rewriteContainer(container, ContainerStep.REMOVING);
    node.startDaemonAgain();

    assertThat(node.containers().list(ContainerFilter.getDefaultInstance())).isEmpty();
    assertThat(node.agent(sandbox).containers()).isEmpty();
  }

  @Test
  void aStartThatTheGuestCarriedOutIsTakenForOne() throws Exception {
    String sandbox = node.run("web");
    String container = node.started(sandbox, "app");
    node.stopDaemon();
    rewriteContainer(container, ContainerStep.STARTING);
    node.startDaemonAgain();

    assertThat(node.status(container).getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
  }

  @Test
  void aStartThatNeverReachedTheGuestCanBeRepeated() throws Exception {
    String sandbox = node.run("web");
    String container = node.create(sandbox, "app");
    node.stopDaemon();
    rewriteContainer(container, ContainerStep.STARTING);
    node.startDaemonAgain();

    assertThat(node.status(container).getState()).isEqualTo(ContainerState.CONTAINER_CREATED);
    node.containers().start(container);
  }

  @Test
  void aContainerThatTheGuestLostIsExitedUnknownAndOneThatOnlyItKnowsIsRemoved() throws Exception {
    String sandbox = node.run("web");
    String container = node.started(sandbox, "app");
    node.stopDaemon();
    String stray = Ids.random();
    node.agent(sandbox).plant(CreateContainerRequest.newBuilder().setContainerId(stray).build());
    node.agent(sandbox).forget(container);
    node.startDaemonAgain();

    assertThat(node.status(container).getExitCode()).isEqualTo(255);
    assertThat(node.status(container).getReason()).isEqualTo("Unknown");
    assertThat(node.agent(sandbox).containers()).isEmpty();
  }

  @Test
  void anUnreadableRecordHoldsNothingUp() throws Exception {
    String sandbox = node.run("web");
    node.stopDaemon();
    Path broken = node.state().resolve("sandboxes").resolve(Ids.random());
    Files.createDirectories(broken);
    Files.writeString(broken.resolve("sandbox.json"), "{\"version\":1,\"id\":");
    node.startDaemonAgain();

    assertThat(node.sandboxes().list(PodSandboxFilter.getDefaultInstance()))
        .extracting(p -> p.getId()).containsExactly(sandbox);
  }
}
