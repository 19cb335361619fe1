package dev.izolo.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.state.CriException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SandboxCgroupsTest {
  @TempDir Path root;

  private CgroupHierarchy hierarchy(String name, String... controllers) throws IOException {
    return new CgroupHierarchy(Files.createDirectories(root.resolve(name)), Set.of(controllers));
  }

  @Test
  void makesAndRemovesOneInEveryHierarchyBelowThePods() throws Exception {
    var cgroups = new SandboxCgroups(List.of(hierarchy("cpu", "cpu"), hierarchy("memory", "memory")));
    List<Path> made = cgroups.create("abc", "/kubepods/pod1");
    assertThat(made)
        .containsExactly(root.resolve("cpu/kubepods/pod1/izolo-abc"), root.resolve("memory/kubepods/pod1/izolo-abc"))
        .allMatch(Files::isDirectory);
    assertThat(cgroups.create("abc", "/kubepods/pod1")).isEqualTo(made);
    cgroups.remove("abc", "/kubepods/pod1");
    cgroups.remove("abc", "/kubepods/pod1");
    assertThat(made).noneMatch(Files::exists);
    assertThat(root.resolve("cpu/kubepods/pod1")).as("the kubelet's own").exists();
  }

  @Test
  void aNewCpusetTakesItsParentsProcessorsAndKeepsWhatIsSet() throws Exception {
    var cpuset = hierarchy("cpuset", "cpuset");
    Files.writeString(cpuset.mountPoint().resolve("cpuset.cpus"), "0-3\n");
    Files.writeString(cpuset.mountPoint().resolve("cpuset.mems"), "0\n");
    Path pod = Files.createDirectories(cpuset.mountPoint().resolve("pod1"));
    Files.writeString(pod.resolve("cpuset.cpus"), "2\n");
    Files.writeString(pod.resolve("cpuset.mems"), "\n");
    Path leaf = Files.createDirectories(pod.resolve("izolo-abc"));
    Files.writeString(leaf.resolve("cpuset.cpus"), "\n");
    Files.writeString(leaf.resolve("cpuset.mems"), "\n");
    new SandboxCgroups(List.of(cpuset)).create("abc", "/pod1");
    assertThat(leaf.resolve("cpuset.cpus")).hasContent("2");
    assertThat(leaf.resolve("cpuset.mems")).hasContent("0");
  }

  @Test
  void aHierarchyThatCannotBeWrittenIsAnErrorOnlyWhereLimitsNeedIt() throws Exception {
    Path file = Files.createFile(root.resolve("broken"));
    var cpu = hierarchy("cpu", "cpu");
    var other = new SandboxCgroups(List.of(cpu, new CgroupHierarchy(file, Set.of("net_prio"))));
    assertThat(other.create("abc", "")).containsExactly(root.resolve("cpu/izolo/abc"));
    other.remove("abc", "");
    var memory = new SandboxCgroups(List.of(cpu, new CgroupHierarchy(file, Set.of("memory"))));
    assertThatThrownBy(() -> memory.create("abc", ""))
        .isInstanceOf(CriException.FailedPrecondition.class)
        .hasMessageContaining("broken/izolo")
        .hasMessageContaining("memory");
    assertThat(root.resolve("cpu/izolo/abc")).as("rolled back").doesNotExist();
  }

  @Test
  void aParentThatLeadsElsewhereIsTheCallersMistake() throws Exception {
    var cgroups = new SandboxCgroups(List.of(hierarchy("cpu", "cpu")));
    assertThatThrownBy(() -> cgroups.create("abc", "/../../etc")).isInstanceOf(CriException.InvalidArgument.class);
    assertThatThrownBy(() -> cgroups.remove("abc", "/../../etc")).isInstanceOf(CriException.InvalidArgument.class);
  }

  @Test
  void onThisHostAProcessJoinsAllAndRemovalEndsIt() throws Exception {
    Path mountinfo = Path.of("/proc/self/mountinfo");
    Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    Assumptions.assumeFalse(CgroupHierarchy.parse(Files.readString(mountinfo)).isEmpty(), "needs mounted cgroups");
    SandboxCgroups cgroups = SandboxCgroups.ofThisHost();
    String id = "test-" + ProcessHandle.current().pid();
    List<Path> made;
    try {
      made = cgroups.create(id, "");
    } catch (CriException.FailedPrecondition readOnly) {
      Assumptions.abort(readOnly.getMessage());
      return;
    }
    Process member = new ProcessBuilder("sleep", "600").start();
    try {
      for (Path cgroup : made) {
        Files.writeString(cgroup.resolve("cgroup.procs"), Long.toString(member.pid()));
        assertThat(cgroup.resolve("cgroup.procs")).content().contains(Long.toString(member.pid()));
      }
    } finally {
      cgroups.remove(id, "");
      member.destroyForcibly();
    }
    assertThat(made).noneMatch(Files::exists);
    assertThat(member.waitFor(5, TimeUnit.SECONDS)).isTrue();
  }
}
