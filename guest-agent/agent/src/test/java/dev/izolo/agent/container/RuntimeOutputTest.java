package dev.izolo.agent.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.agent.MemoryInfo;
import dev.izolo.agent.process.Reaper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuntimeOutputTest {
  @Test
  void quotesTheRuntimesLastError() {
    assertThat(RuntimeLog.lastError(
        """
        {"level":"warning","msg":"w","time":"t"}
        {"level":"error","msg":"first","time":"t"}
        not json
        {"level":"error","msg":"runc run failed: exec: \\"foo\\": executable file not found in $PATH","time":"t"}
        {"level":"info","msg":"later"}
        """)).isEqualTo("runc run failed: exec: \"foo\": executable file not found in $PATH");
    assertThat(RuntimeLog.lastError("")).isEmpty();
    assertThat(RuntimeLog.lastError("{\"level\":\"error\",\"msg\":5}")).isEmpty();
  }

  @Test
  void givesAShellsExitCodesForWhatCannotBeExecuted() {
    assertThat(RuntimeLog.exitCode("exec: \"foo\": executable file not found in $PATH")).isEqualTo(127);
    assertThat(RuntimeLog.exitCode("exec /foo: no such file or directory")).isEqualTo(127);
    assertThat(RuntimeLog.exitCode("exec: \"/etc/passwd\": permission denied")).isEqualTo(126);
    assertThat(RuntimeLog.exitCode("exec /x: exec format error")).isEqualTo(126);
    assertThat(RuntimeLog.exitCode("the path `/x` exists but it is not executable: Operation not permitted"))
        .isEqualTo(126);
    assertThat(RuntimeLog.exitCode("cannot join the container's namespaces")).isEqualTo(-1);
  }

  @Test
  void spellsTheRuntimesCommandLines() {
    OciRuntime runtime = new OciRuntime(Path.of("/usr/sbin/runc"), Path.of("/run/oci"), new Reaper());
    assertThat(String.join(" ", runtime.runCommand("c1", Path.of("/b"), Path.of("/b/pid"), null))).isEqualTo(
        "/usr/sbin/runc --root /run/oci/runc --log /b/runtime.log --log-format json"
            + " run --detach --bundle /b --pid-file /b/pid c1");
    assertThat(String.join(" ", runtime.execCommand("c1", Path.of("/e"), Path.of("/e/process.json"),
        Path.of("/e/pid"), Path.of("/s/1"), "exec-1"))).isEqualTo(
        "/usr/sbin/runc --root /run/oci/runc --log /e/runtime.log --log-format json exec --detach"
            + " --process /e/process.json --pid-file /e/pid --cgroup exec-1 --console-socket /s/1 c1");
  }

  @Test
  void readsMemoryInfo() {
    MemoryInfo info = MemoryInfo.parse(
        "MemTotal:  1000 kB\nMemAvailable: 600 kB\nAnonPages: 5 kB\nHugePages: 7\n");
    assertThat(info).isEqualTo(new MemoryInfo(1_024_000, 614_400));
    assertThat(MemoryInfo.parse("MemTotal: x kB").totalBytes()).isZero();
  }

  @Test
  void endsAndRemovesGroups(@TempDir Path mount) throws IOException {
    Cgroups cgroups = new Cgroups(mount);
    Path group = Files.createDirectories(cgroups.directory("c1"));
    cgroups.createExecGroup("c1", "exec-1");
    assertThat(group.resolve("exec-1")).isDirectory();
    cgroups.kill("c1", "");
    cgroups.removeExecGroup("c1", "exec-1");
    assertThat(group.resolve("exec-1")).doesNotExist();
    cgroups.remove("c1");
    cgroups.remove("c1");
    assertThat(group).doesNotExist();
    assertThat(cgroups.oomKills("c1")).isZero();
  }
}
