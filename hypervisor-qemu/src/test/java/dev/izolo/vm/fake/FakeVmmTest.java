package dev.izolo.vm.fake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.lifecycle.Timeline;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.VmException;
import dev.izolo.vm.VmSpec;
import io.grpc.ServerServiceDefinition;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FakeVmmTest {
  private static final VmSpec SPEC =
      new VmSpec("pod-1", Path.of("/nowhere"), 1, 256, Optional.empty(), List.of(), List.of());
  private static final DiskSpec DISK = new DiskSpec(Path.of("/nowhere/layer"), true, "layer");

  private final FakeVmm vmm = new FakeVmm(spec -> () -> ServerServiceDefinition.builder("izolo.test").build());

  @Test
  void keepsMachinesAcrossADaemonRestart() throws Exception {
    var first = vmm.boot(SPEC, new Timeline());
    var disk = first.attachDisk(DISK);

    var adopted = vmm.adopt(first.record());

    assertThat(adopted.record().disks()).containsExactly(disk);
    adopted.destroy(Duration.ZERO);
    assertThat(vmm.running()).isEmpty();
    assertThatThrownBy(() -> vmm.adopt(first.record())).isInstanceOf(VmException.Gone.class);
  }

  @Test
  void reportsDeathToEveryHandle() throws Exception {
    var vm = vmm.boot(SPEC, new Timeline());

    vmm.machine("pod-1").orElseThrow().die("killed by the test");

    assertThat(vm.exited().join().reason()).isEqualTo("killed by the test");
    assertThatThrownBy(() -> vm.attachDisk(DISK)).isInstanceOf(VmException.Gone.class);
  }

  @Test
  void failsAsScriptedAndOnlyOnce() throws Exception {
    vmm.failNext(FakeVmm.Operation.BOOT, new VmException.Exhausted("no uid left", null));

    assertThatThrownBy(() -> vmm.boot(SPEC, new Timeline())).isInstanceOf(VmException.Exhausted.class);
    assertThat(vmm.boot(SPEC, new Timeline()).id()).isEqualTo("pod-1");
    assertThat(vmm.calls(FakeVmm.Operation.BOOT)).hasSize(2);
  }

  @Test
  void reusesTheSlotOfADetachedDisk() throws Exception {
    var vm = vmm.boot(SPEC, new Timeline());
    var first = vm.attachDisk(DISK);
    var second = vm.attachDisk(DISK);

    vm.detachDisk(first);
    vm.detachDisk(first);

    assertThat(vm.attachDisk(DISK).scsiTarget()).isEqualTo(first.scsiTarget());
    assertThat(second.scsiTarget()).isEqualTo(1);
  }
}
