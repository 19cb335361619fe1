package dev.izolo.container.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.KeyValue;
import dev.izolo.cri.v1.LinuxContainerResources;
import dev.izolo.cri.v1.SecurityProfile;
import dev.izolo.cri.v1.SupplementalGroupsPolicy;
import dev.izolo.image.ImageConfig;
import dev.izolo.state.CriException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OciSpecTest {
  @TempDir Path profiles;

  private static ImageConfig image(List<String> entrypoint, List<String> cmd) {
    return new ImageConfig(
        "linux", "amd64", "nobody", List.of("PATH=/img", "A=1"), entrypoint, cmd, "srv", "", List.of(), Map.of());
  }

  private static final ImageConfig IMAGE = image(List.of("/entry"), List.of("x"));

  private JsonNode spec(ContainerConfig.Builder config) throws CriException {
    return OciSpec.build("c1", config.build(), IMAGE, "host1", profiles);
  }

  private static List<String> texts(JsonNode array) {
    var list = new ArrayList<String>();
    array.forEach(node -> list.add(node.asText()));
    return list;
  }

  @Test
  void commandReplacesEntrypointAndDropsCmdArgsReplaceCmd() throws Exception {
    var none = ContainerConfig.newBuilder();
    assertThat(ProcessSpec.args(none.build(), IMAGE)).containsExactly("/entry", "x");
    assertThat(ProcessSpec.args(none.clone().addArgs("y").build(), IMAGE)).containsExactly("/entry", "y");
    assertThat(ProcessSpec.args(none.clone().addCommand("/c").build(), IMAGE)).containsExactly("/c");
    assertThat(ProcessSpec.args(none.clone().addCommand("/c").addArgs("y").build(), IMAGE)).containsExactly("/c", "y");
    assertThatThrownBy(() -> ProcessSpec.args(none.build(), image(List.of(), List.of())))
        .isInstanceOf(CriException.InvalidArgument.class)
        .hasMessageContaining("no command");
    assertThatThrownBy(() -> ProcessSpec.args(none.clone().addCommand("a\0b").build(), IMAGE))
        .isInstanceOf(CriException.InvalidArgument.class);
  }

  @Test
  void environmentOfTheContainerWinsOverTheImages() throws Exception {
    var config =
        ContainerConfig.newBuilder()
            .setTty(true)
            .addEnvs(KeyValue.newBuilder().setKey("A").setValue(ByteString.copyFromUtf8("2=3")));
    assertThat(texts(spec(config).at("/process/env")))
        .containsExactly("PATH=/img", "HOSTNAME=host1", "TERM=xterm", "A=2=3");
    var bad = ContainerConfig.newBuilder().addEnvs(KeyValue.newBuilder().setKey("A=B"));
    assertThatThrownBy(() -> spec(bad)).isInstanceOf(CriException.InvalidArgument.class);
  }

  @Test
  void hasTheDefaultsOfTheFieldWhenNothingIsSaid() throws Exception {
    JsonNode spec = spec(ContainerConfig.newBuilder());

    assertThat(spec.at("/process/cwd").asText()).isEqualTo("/srv");
    assertThat(spec.at("/linux/cgroupsPath").asText()).isEqualTo("/izolo/c1");
    assertThat(texts(spec.at("/process/capabilities/bounding"))).hasSize(14).contains("CAP_CHOWN");
    assertThat(texts(spec.at("/linux/maskedPaths"))).contains("/proc/kcore");
    assertThat(texts(spec.at("/linux/readonlyPaths"))).contains("/proc/sys");
    assertThat(spec.at("/linux/seccomp/defaultAction").asText()).isEqualTo("SCMP_ACT_ERRNO");
    assertThat(spec.at("/annotations").isMissingNode()).isTrue();
    assertThat(spec.get("mounts").findValuesAsText("destination"))
        .contains("/proc", "/sys", "/dev/pts", "/dev/shm", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname");
    assertThat(spec.at("/linux/namespaces").findValuesAsText("type")).containsExactly("mount", "cgroup", "pid");
  }

  @Test
  void anEmptyListOfMaskedPathsInASecurityContextIsTakenAtItsWord() throws Exception {
    var config = ContainerConfig.newBuilder();
    config.getLinuxBuilder().getSecurityContextBuilder().setNoNewPrivs(true).setReadonlyRootfs(true);
    JsonNode spec = spec(config);

    assertThat(spec.at("/linux/maskedPaths")).isEmpty();
    assertThat(spec.at("/process/noNewPrivileges").asBoolean()).isTrue();
    assertThat(spec.at("/root/readonly").asBoolean()).isTrue();
  }

  @Test
  void addsAndDropsCapabilities() throws Exception {
    var config = ContainerConfig.newBuilder();
    config.getLinuxBuilder().getSecurityContextBuilder().getCapabilitiesBuilder()
        .addDropCapabilities("ALL").addAddCapabilities("net_admin").addAddAmbientCapabilities("CAP_SYSLOG");
    JsonNode spec = spec(config);
    assertThat(texts(spec.at("/process/capabilities/effective"))).containsExactly("CAP_NET_ADMIN", "CAP_SYSLOG");
    assertThat(texts(spec.at("/process/capabilities/ambient"))).containsExactly("CAP_SYSLOG");

    var all = ContainerConfig.newBuilder();
    all.getLinuxBuilder().getSecurityContextBuilder().getCapabilitiesBuilder()
        .addAddCapabilities("all").addDropCapabilities("CHOWN");
    assertThat(texts(spec(all).at("/process/capabilities/bounding"))).hasSize(40).doesNotContain("CAP_CHOWN");

    var unknown = ContainerConfig.newBuilder();
    unknown.getLinuxBuilder().getSecurityContextBuilder().getCapabilitiesBuilder().addAddCapabilities("FLY");
    assertThatThrownBy(() -> spec(unknown)).hasMessageContaining("FLY");
  }

  @Test
  void theDefaultProfileHoldsVsockBackAndNamespacesUnlessAdministrator() {
    JsonNode profile = Seccomp.runtimeDefault(java.util.Set.of());
    JsonNode socket = rule(profile, "socket");
    assertThat(socket.at("/args/0/value").asLong()).isEqualTo(40);
    assertThat(socket.at("/args/0/op").asText()).isEqualTo("SCMP_CMP_NE");
    assertThat(rule(profile, "clone").at("/args/0/value").asLong()).isEqualTo(0x7E020000L);
    assertThat(rule(profile, "clone3").get("errnoRet").asInt()).isEqualTo(38);
    assertThat(rule(profile, "mount")).isNull();
    assertThat(rule(profile, "socketcall")).isNull();
    assertThat(rule(profile, "execve").get("action").asText()).isEqualTo("SCMP_ACT_ALLOW");

    JsonNode admin = Seccomp.runtimeDefault(java.util.Set.of("CAP_SYS_ADMIN"));
    assertThat(rule(admin, "mount").get("action").asText()).isEqualTo("SCMP_ACT_ALLOW");
    assertThat(rule(admin, "clone").has("args")).isFalse();
  }

  private static JsonNode rule(JsonNode profile, String syscall) {
    for (JsonNode rule : profile.get("syscalls")) {
      if (texts(rule.get("names")).contains(syscall)) {
        return rule;
      }
    }
    return null;
  }

  @Test
  void takesALocalhostProfileFromItsFile() throws Exception {
    Files.writeString(profiles.resolve("mine.json"), "{\"defaultAction\":\"SCMP_ACT_LOG\"}");
    Files.writeString(profiles.resolve("bad.json"), "[]");
    assertThat(spec(localhost("mine.json")).at("/linux/seccomp/defaultAction").asText()).isEqualTo("SCMP_ACT_LOG");
    assertThatThrownBy(() -> spec(localhost("bad.json"))).hasMessageContaining("defaultAction");
    assertThatThrownBy(() -> spec(localhost("absent.json"))).isInstanceOf(CriException.InvalidArgument.class);

    var unconfined = ContainerConfig.newBuilder();
    unconfined.getLinuxBuilder().getSecurityContextBuilder().getSeccompBuilder()
        .setProfileType(SecurityProfile.ProfileType.Unconfined);
    assertThat(spec(unconfined).at("/linux/seccomp").isMissingNode()).isTrue();
  }

  private static ContainerConfig.Builder localhost(String file) {
    var config = ContainerConfig.newBuilder();
    config.getLinuxBuilder().getSecurityContextBuilder().getSeccompBuilder()
        .setProfileType(SecurityProfile.ProfileType.Localhost).setLocalhostRef(file);
    return config;
  }

  @Test
  void passesLimitsOnButNotTheHostsCpuNumbers() throws Exception {
    var resources =
        LinuxContainerResources.newBuilder()
            .setCpuShares(512).setCpuQuota(50_000).setCpuPeriod(100_000).setCpusetCpus("7")
            .setMemoryLimitInBytes(1 << 26).setMemorySwapLimitInBytes(1 << 26).setOomScoreAdj(900).build();
    var config = ContainerConfig.newBuilder();
    config.getLinuxBuilder().setResources(resources);
    JsonNode spec = spec(config);

    assertThat(spec.at("/linux/resources/cpu").toString())
        .isEqualTo("{\"shares\":512,\"period\":100000,\"quota\":50000}");
    assertThat(spec.at("/linux/resources/memory").toString()).isEqualTo("{\"limit\":67108864}");
    assertThat(spec.at("/process/oomScoreAdj").asInt()).isEqualTo(900);
    assertThat(spec.at("/linux/resources/devices/0/allow").asBoolean()).isFalse();
  }

  @Test
  void anUpdateLeavesWhatItDoesNotName() {
    var now = LinuxContainerResources.newBuilder().setCpuShares(2).setMemoryLimitInBytes(9).build();
    var merged = ResourceSpec.merge(now, LinuxContainerResources.newBuilder().setCpuShares(5).build());
    assertThat(merged.getCpuShares()).isEqualTo(5);
    assertThat(merged.getMemoryLimitInBytes()).isEqualTo(9);
  }

  @Test
  void choosesTheUserThatCriNamesElseTheImages() throws Exception {
    var security = ContainerConfig.newBuilder().getLinuxBuilder().getSecurityContextBuilder();
    assertThat(ProcessSpec.user(security.build(), IMAGE).getUser()).isEqualTo("nobody");
    security.setRunAsUsername("www");
    assertThat(ProcessSpec.user(security.build(), IMAGE).getUser()).isEqualTo("www");
    security.getRunAsUserBuilder().setValue(0);
    security.getRunAsGroupBuilder().setValue(6);
    security.addSupplementalGroups(7).setSupplementalGroupsPolicy(SupplementalGroupsPolicy.Strict);
    var user = ProcessSpec.user(security.build(), IMAGE);
    assertThat(user.getUser()).isEqualTo("0");
    assertThat(user.getGid()).isEqualTo(6);
    assertThat(user.getStrictSupplementalGroups()).isTrue();
    security.getRunAsUserBuilder().setValue(1L << 40);
    assertThatThrownBy(() -> ProcessSpec.user(security.build(), IMAGE)).hasMessageContaining("run_as_user");
  }

  @ParameterizedTest
  @CsvSource({
    "SIGTERM,15", "term,15", "9,9", "SIGUSR1,10", "SIGRTMIN+3,37", "SIGRTMAX-1,63", "RTMIN,34", "SIGSYS,31",
    "nonsense,15", "99,15", "'',15", "SIGIOT,6"
  })
  void readsStopSignals(String text, int number) {
    assertThat(Signals.stopSignal(dev.izolo.cri.v1.Signal.SIGNAL_RUNTIME_DEFAULT, text)).isEqualTo(number);
  }

  @Test
  void theContainersStopSignalWinsAndEveryNameOfCriIsKnown() {
    assertThat(Signals.stopSignal(dev.izolo.cri.v1.Signal.SIGNAL_SIGQUIT, "TERM")).isEqualTo(3);
    assertThat(Signals.stopSignal(dev.izolo.cri.v1.Signal.SIGNAL_SIGRTMAXMINUS14, "TERM")).isEqualTo(50);
    for (var signal : dev.izolo.cri.v1.Signal.values()) {
      if (signal != dev.izolo.cri.v1.Signal.SIGNAL_RUNTIME_DEFAULT
          && signal != dev.izolo.cri.v1.Signal.UNRECOGNIZED
          && signal != dev.izolo.cri.v1.Signal.SIGNAL_SIGTERM) {
        assertThat(Signals.stopSignal(signal, "TERM")).as(signal.name()).isNotEqualTo(15);
      }
    }
  }
}
