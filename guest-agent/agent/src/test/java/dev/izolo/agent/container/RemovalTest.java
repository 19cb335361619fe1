package dev.izolo.agent.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.agent.process.Reaper;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RemovalTest {
  @TempDir Path directory;

  @Test
  void forgetsOneContainerOfARuntimeAndNoOther() throws Exception {
    Path state = directory.resolve("runc");
    Files.writeString(Files.createDirectories(state.resolve("c1/sub")).resolve("file"), "x");
    Files.writeString(state.resolve("c1/state.json"), "{}");
    Path other = Files.writeString(Files.createDirectories(state.resolve("c2")).resolve("state.json"), "{}");
    OciRuntime runtime = new OciRuntime(Path.of("/usr/sbin/runc"), directory, new Reaper());

    runtime.forget("c1");
    runtime.forget("never-started");

    assertThat(state.resolve("c1")).doesNotExist();
    assertThat(other).exists();
  }

  @Test
  void tellsAGroupWithProcessesFromAnEmptyOrAbsentOne() throws Exception {
    Cgroups cgroups = new Cgroups(directory);
    Path group = Files.createDirectories(directory.resolve("pod/c1"));
    Files.writeString(group.resolve("cgroup.events"), "populated 1\nfrozen 0\n");
    assertThat(cgroups.populated("c1")).isTrue();
    Files.writeString(group.resolve("cgroup.events"), "populated 0\nfrozen 0\n");
    assertThat(cgroups.populated("c1")).isFalse();
    assertThat(cgroups.populated("c2")).isFalse();
  }
}
