package dev.izolo.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CgroupPathTest {
  @Test
  void aPodWithoutParentIsBelowIzolosOwn() {
    assertThat(CgroupPath.of("abc", "")).isEqualTo("izolo/abc");
    assertThat(CgroupPath.of("abc", "/")).isEqualTo("izolo/abc");
  }

  @Test
  void aCgroupfsParentIsAPath() {
    assertThat(CgroupPath.of("abc", "/kubepods/burstable/pod12-34"))
        .isEqualTo("kubepods/burstable/pod12-34/izolo-abc");
  }

  @Test
  void aSliceStandsForThePathThatSystemdDerives() {
    assertThat(CgroupPath.of("abc", "kubepods-burstable-pod12_34.slice"))
        .isEqualTo("kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12_34.slice/izolo-abc");
    assertThat(CgroupPath.of("abc", "user.slice")).isEqualTo("user.slice/izolo-abc");
  }

  @Test
  void aPathOfSlicesIsTakenAsItIs() {
    assertThat(CgroupPath.of("abc", "/a.slice/a-b.slice")).isEqualTo("a.slice/a-b.slice/izolo-abc");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/../x", "a/./b", "..", "-.slice", "a--b.slice", "a\nb", "a\0b"})
  void aParentThatCouldLeadElsewhereIsRefused(String parent) {
    assertThatIllegalArgumentException().isThrownBy(() -> CgroupPath.of("abc", parent));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "..", "a/b", "-a", "a\n"})
  void anIdThatIsNoNameIsRefused(String id) {
    assertThatIllegalArgumentException().isThrownBy(() -> CgroupPath.of(id, ""));
  }

  @Test
  void aParentWithoutEndIsRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> CgroupPath.of("abc", "x/".repeat(40)));
    assertThatIllegalArgumentException().isThrownBy(() -> CgroupPath.of("abc", "x".repeat(300)));
  }
}
