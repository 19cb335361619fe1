package dev.izolo.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.cri.v1.ContainerEventResponse;
import dev.izolo.vm.AttachedDisk;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.VmRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class StateTest {
  @TempDir Path root;

  @Test
  void recordsComeBackAsTheyWereWritten() throws Exception {
    var disk = new AttachedDisk(3, 0, new DiskSpec(Path.of("/x/layer.erofs"), true, "l-1"));
    var vm =
        new VmRecord(
            "vm", Path.of("/run/x"), new VmRecord.ProcessIdentity(1, 2), List.of(), 700_001, "cid:3", List.of(disk),
            Map.of("k", "v"));
    String id = Ids.random();
    var sandbox =
        SandboxRecord.reserved(id, "izolo", 5, new byte[] {1, 2})
            .at(RunStep.READY).withVm(vm).withLayer("sha256:a", disk).withPodIps(List.of("10.0.0.1"))
            .withTimeline(List.of(new PhaseRecord("CNI", 1.5, 2)));
    var container =
        new ContainerRecord(
            ContainerRecord.VERSION, Ids.random(), id, ContainerStep.EXITED, new byte[] {9}, "sha256:i", "sha256:i",
            List.of("sha256:a"), disk, "{}", 15, new ContainerRecord.User(1, 2, List.of(3L)), new byte[0],
            ContainerRecord.Life.created(1).started(2).ended(3, 4, "Error", "why"), List.of());
    var store = new RecordStore(root);
    store.save(sandbox);
    store.save(container);

    var loaded = new RecordStore(root).load();

    assertThat(loaded).hasSize(1);
    assertThat(loaded.getFirst().sandbox()).usingRecursiveComparison().isEqualTo(sandbox);
    assertThat(loaded.getFirst().containers().getFirst()).usingRecursiveComparison().isEqualTo(container);
    store.deleteContainer(id, container.id());
    store.deleteSandbox(id);
    store.deleteSandbox(id);
    assertThat(store.load()).isEmpty();
  }

  @Test
  void aDirectoryWithoutARecordIsWhatAnUnfinishedWriteLeftAndIsDeleted() throws Exception {
    var store = new RecordStore(root);
    Path left = store.sandboxDirectory(Ids.random());
    Files.createDirectories(left);
    Files.writeString(left.resolve("sandbox.json.new"), "{");

    assertThat(store.load()).isEmpty();
    assertThat(left).doesNotExist();
  }

  @Test
  void idsAreNeverPaths() throws Exception {
    var store = new RecordStore(root);
    for (String id : new String[] {"", "..", "a/b", "A".repeat(64), "a".repeat(63), "g".repeat(64)}) {
      assertThat(Ids.isValid(id)).isFalse();
      assertThatThrownBy(() -> store.sandboxDirectory(id)).isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(Ids.isValid(Ids.random())).isTrue();
  }

  private static ContainerEventResponse event(String id) {
    return ContainerEventResponse.newBuilder().setContainerId(id).build();
  }

  @Test
  void aSlowSubscriberIsDroppedWithAnErrorAndOthersMissNothing() throws Exception {
    var bus = new EventBus(2);
    try (var slow = bus.subscribe();
        var quick = bus.subscribe()) {
      for (String id : List.of("a", "b", "c", "d")) {
        bus.publish(event(id));
        assertThat(quick.next().getContainerId()).isEqualTo(id);
      }
      assertThat(slow.next().getContainerId()).isEqualTo("a");
      assertThat(slow.next().getContainerId()).isEqualTo("b");
      assertThatThrownBy(slow::next).isInstanceOf(CriException.Exhausted.class);
      assertThatThrownBy(slow::next).isInstanceOf(CriException.Exhausted.class);
    }
  }

  @Test
  void aNameWhoseMakingFailedIsFree() throws Exception {
    var names = new NameReservations("thing");
    assertThatThrownBy(
            () ->
                names.makeOrJoin(
                    "n",
                    () -> {
                      throw new CriException.Internal("no", null);
                    }))
        .hasMessage("no");
    assertThat(names.makeOrJoin("n", () -> "id1")).isEqualTo("id1");
    assertThatThrownBy(() -> names.makeOrJoin("n", () -> "id2")).hasMessageContaining("reserved for \"id1\"");
    names.release("n");
    assertThat(names.makeOrJoin("n", () -> "id3")).isEqualTo("id3");
  }

  @Test
  void whoWaitsForACancelledMakingTakesItOver() throws Exception {
    var names = new NameReservations("thing");
    var making = new CountDownLatch(1);
    Thread first =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    names.makeOrJoin(
                        "n",
                        () -> {
                          making.countDown();
                          new CountDownLatch(1).await();
                          return "never";
                        });
                  } catch (CriException | InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    making.await();
    var second = new CompletableFuture<String>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                second.complete(names.makeOrJoin("n", () -> "taken over"));
              } catch (CriException | InterruptedException e) {
                second.completeExceptionally(e);
              }
            });
    first.interrupt();

    assertThat(second.get(10, TimeUnit.SECONDS)).isEqualTo("taken over");
  }
}
