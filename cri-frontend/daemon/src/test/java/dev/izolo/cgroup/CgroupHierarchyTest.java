package dev.izolo.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class CgroupHierarchyTest {
  @Test
  void aUnifiedHostHasOneHierarchy() {
    var found =
        CgroupHierarchy.parse(
            """
            25 1 254:0 / / rw - ext4 /dev/vda rw
            30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate
            """);
    assertThat(found).hasSize(1);
    assertThat(found.getFirst().isUnified()).isTrue();
    assertThat(found.getFirst().isEssential()).isTrue();
    assertThat(found.getFirst().mountPoint()).isEqualTo(Path.of("/sys/fs/cgroup"));
  }

  @Test
  void versionOneControllersAreToldFromMountOptions() {
    var found =
        CgroupHierarchy.parse(
            """
            31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct
            32 30 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd
            33 30 0:27 / /elsewhere rw - cgroup cgroup rw,cpu,cpuacct
            34 30 0:29 / /sys/fs/cgroup/with\\040blank rw - cgroup cgroup rw,cpuset
            """);
    assertThat(found).extracting(CgroupHierarchy::controllers)
        .containsExactly(Set.of("cpu", "cpuacct"), Set.of("name=systemd"), Set.of("cpuset"));
    assertThat(found).extracting(CgroupHierarchy::isEssential).containsExactly(true, false, false);
    assertThat(found.getLast().mountPoint()).isEqualTo(Path.of("/sys/fs/cgroup/with blank"));
  }

  @Test
  void linesThatAreNoMountsAreLeftOut() {
    assertThat(CgroupHierarchy.parse("")).isEmpty();
    assertThat(CgroupHierarchy.parse("- - cgroup2\n1 2 3 4 5 6 - cgroup\n")).isEmpty();
  }
}
