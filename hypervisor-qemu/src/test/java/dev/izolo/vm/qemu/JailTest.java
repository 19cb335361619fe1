package dev.izolo.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JailTest {
  @TempDir Path temp;

  @Test
  void chainsTheProgramsThatConfine() {
    var jail =
        new Jail(List.of(Path.of("/cg/memory/pod"), Path.of("/cg/cpu/pod")), Optional.of(Path.of("/run/netns/n")),
            700_001, OptionalInt.of(104));

    List<String> command = jail.command(Path.of("/"), List.of("/usr/bin/qemu", "-S"));

    assertThat(command.subList(3, command.size()))
        .containsExactly(
            "izolo-jail", "/", "/cg/memory/pod", "/cg/cpu/pod", "--", "/usr/bin/nsenter", "--net=/run/netns/n", "--",
            "/usr/bin/setpriv", "--reuid=700001", "--regid=700001", "--groups=104", "--inh-caps=-all",
            "--bounding-set=-all", "--no-new-privs", "--", "/usr/bin/qemu", "-S");
  }

  @Test
  void makesANetworkOfItsOwnForAVmWithoutOne() {
    var jail = new Jail(List.of(), Optional.empty(), 700_001, OptionalInt.empty());

    assertThat(jail.command(Path.of("/"), List.of("/bin/true")))
        .containsSequence("--", "/usr/bin/unshare", "--net", "--")
        .contains("--clear-groups");
  }

  @Test
  void joinsItsCgroupsBeforeAnythingElse() throws Exception {
    Path cgroup = Files.createDirectory(temp.resolve("with space"));
    // Without the confining programs, which need root: the shell's part alone.
    List<String> command =
        new Jail(List.of(cgroup), Optional.empty(), 700_001, OptionalInt.empty())
            .command(temp, List.of());
    List<String> shell = command.subList(0, command.indexOf("--") + 1);

    Process process = run(shell, List.of("/bin/pwd"));

    assertThat(process.inputReader().readLine()).isEqualTo(temp.toRealPath().toString());
    assertThat(process.waitFor()).isZero();
    assertThat(Files.readString(cgroup.resolve("cgroup.procs")).strip()).isEqualTo(Long.toString(process.pid()));
  }

  @Test
  void doesNotRunOutsideItsCgroups() throws Exception {
    List<String> command =
        new Jail(List.of(temp.resolve("missing")), Optional.empty(), 700_001, OptionalInt.empty())
            .command(Path.of("/"), List.of());

    Process process = run(command.subList(0, command.indexOf("--") + 1), List.of("/bin/echo", "ran"));

    assertThat(process.inputReader().readLine()).doesNotContain("ran").contains("missing/cgroup.procs");
    assertThat(process.waitFor()).isEqualTo(Jail.FAILED);
  }

  private static Process run(List<String> shell, List<String> program) throws Exception {
    var all = new java.util.ArrayList<>(shell);
    all.addAll(program);
    return new ProcessBuilder(all).redirectErrorStream(true).start();
  }
}
