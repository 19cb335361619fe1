package dev.izolo.container.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.cri.v1.SecurityProfile;
import dev.izolo.state.CriException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The system calls that a container may make (runtime-spec, config-linux.md). The default is an allow-list, kept in the
 * resource {@code seccomp-default.txt}; a container that names no profile gets it too. It holds sockets of AF_VSOCK
 * back: those lead to the agent and to the host.
 */
final class Seccomp {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final int EPERM = 1;
  private static final int ENOSYS = 38;
  private static final int AF_VSOCK = 40;
  private static final int MAX_PROFILE = 1 << 20;

  /** CLONE_NEW{CGROUP,UTS,IPC,USER,PID,NET} and CLONE_NEWNS. */
  private static final long CLONE_NAMESPACES = 0x7E020000L;

  private static final Map<String, List<String>> BY_CAPABILITY =
      Map.ofEntries(
          Map.entry("CAP_DAC_READ_SEARCH", List.of("open_by_handle_at")),
          Map.entry(
              "CAP_SYS_ADMIN",
              List.of(
                  "bpf", "clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick",
                  "lookup_dcookie", "mount", "mount_setattr", "move_mount", "open_tree", "perf_event_open", "quotactl",
                  "quotactl_fd", "setdomainname", "sethostname", "setns", "syslog", "umount", "umount2", "unshare")),
          Map.entry("CAP_SYS_BOOT", List.of("reboot")),
          Map.entry("CAP_SYS_CHROOT", List.of("chroot")),
          Map.entry("CAP_SYS_MODULE", List.of("delete_module", "finit_module", "init_module")),
          Map.entry("CAP_SYS_PACCT", List.of("acct")),
          Map.entry("CAP_SYS_PTRACE", List.of("kcmp", "pidfd_getfd", "process_madvise")),
          Map.entry("CAP_SYS_RAWIO", List.of("ioperm", "iopl")),
          Map.entry("CAP_SYS_TIME", List.of("clock_settime", "settimeofday", "stime")),
          Map.entry("CAP_SYS_TTY_CONFIG", List.of("vhangup")),
          Map.entry("CAP_SYS_NICE", List.of("get_mempolicy", "mbind", "set_mempolicy")),
          Map.entry("CAP_SYSLOG", List.of("syslog")),
          Map.entry("CAP_BPF", List.of("bpf")),
          Map.entry("CAP_PERFMON", List.of("perf_event_open")));

  private Seccomp() {}

  /**
   * @param profileDirectory where a relative localhost_ref is looked for
   * @return nothing for an unconfined container
   */
  static Optional<ObjectNode> of(SecurityProfile profile, Set<String> capabilities, Path profileDirectory)
      throws CriException {
    return switch (profile.getProfileType()) {
      case RuntimeDefault -> Optional.of(runtimeDefault(capabilities));
      case Unconfined -> Optional.empty();
      case Localhost -> Optional.of(fromFile(profileDirectory.resolve(profile.getLocalhostRef())));
      case UNRECOGNIZED -> throw new CriException.InvalidArgument("unknown kind of seccomp profile");
    };
  }

  private static ObjectNode fromFile(Path file) throws CriException {
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MAX_PROFILE) {
        throw new CriException.InvalidArgument(
            "seccomp profile " + file + " is not a regular file of at most 1 MiB");
      }
      JsonNode tree = new ObjectMapper().readTree(file.toFile());
      if (!(tree instanceof ObjectNode profile) || !profile.path("defaultAction").isTextual()) {
        throw new CriException.InvalidArgument("seccomp profile " + file + " has no defaultAction");
      }
      return profile;
    } catch (IOException e) {
      throw new CriException.InvalidArgument("seccomp profile " + file + " cannot be read: " + e.getMessage());
    }
  }

  static ObjectNode runtimeDefault(Set<String> capabilities) {
    ObjectNode profile = JSON.objectNode();
    profile.put("defaultAction", "SCMP_ACT_ERRNO").put("defaultErrnoRet", EPERM);
    // The guest's kernel runs no 32-bit programs (it has neither IA32_EMULATION nor X86_X32_ABI), so their ways into it
    // need no rules: such a call ends its process. The runtime makes the filter anew for every process
    // that it starts, and each further architecture takes it as long as the first.
    profile.putArray("architectures").add("SCMP_ARCH_X86_64");
    ArrayNode rules = profile.putArray("syscalls");
    allow(rules, allowed());
    allowIf(rules, "socket", 0, AF_VSOCK, 0, "SCMP_CMP_NE");
    // Linux, Linux with 32-bit addresses or UNAME26, and the query.
    for (long personality : new long[] {0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFFL}) {
      allowIf(rules, "personality", 0, personality, 0, "SCMP_CMP_EQ");
    }
    for (String capability : capabilities) {
      allow(rules, BY_CAPABILITY.getOrDefault(capability, List.of()));
    }
    if (!capabilities.contains("CAP_SYS_ADMIN")) {
      allowIf(rules, "clone", 0, CLONE_NAMESPACES, 0, "SCMP_CMP_MASKED_EQ");
      // Its flags are in memory where no filter sees them; told that it is not there, libc falls back to clone.
      rules.addObject().put("action", "SCMP_ACT_ERRNO").put("errnoRet", ENOSYS).putArray("names").add("clone3");
    }
    return profile;
  }

  private static void allow(ArrayNode rules, Collection<String> names) {
    if (!names.isEmpty()) {
      ArrayNode list = rules.addObject().put("action", "SCMP_ACT_ALLOW").putArray("names");
      names.forEach(list::add);
    }
  }

  private static void allowIf(ArrayNode rules, String name, int index, long value, long valueTwo, String operator) {
    ObjectNode rule = rules.addObject().put("action", "SCMP_ACT_ALLOW");
    rule.putArray("names").add(name);
    rule.putArray("args").addObject().put("index", index).put("value", value).put("valueTwo", valueTwo).put("op", operator);
  }

  private static List<String> allowed() {
    try (InputStream in = Seccomp.class.getResourceAsStream("seccomp-default.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII)
          .lines().map(line -> line.replaceFirst("#.*", "").strip()).filter(line -> !line.isEmpty()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
