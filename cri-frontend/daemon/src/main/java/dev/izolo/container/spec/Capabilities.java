package dev.izolo.container.spec;

import dev.izolo.cri.v1.Capability;
import dev.izolo.state.CriException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Linux capabilities of a container's first process (capabilities(7)). */
record Capabilities(Set<String> held, Set<String> ambient) {
  private static final String PREFIX = "CAP_";

  private static final List<String> ALL =
      List.of(
          "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
          "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
          "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
          "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
          "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
          "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
          "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE");

  /** What containers have had since Docker, and images count on. */
  private static final List<String> DEFAULT =
      List.of(
          "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
          "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
          "CAP_AUDIT_WRITE");

  /** The default ones, with ALL applied first, then what is added, then what is dropped. */
  static Capabilities of(Capability wanted) throws CriException {
    var held = new LinkedHashSet<>(DEFAULT);
    if (wanted.getAddCapabilitiesList().stream().anyMatch(Capabilities::isAll)) {
      held.addAll(ALL);
    }
    if (wanted.getDropCapabilitiesList().stream().anyMatch(Capabilities::isAll)) {
      held.clear();
    }
    for (String add : wanted.getAddCapabilitiesList()) {
      if (!isAll(add)) {
        held.add(known(add));
      }
    }
    for (String drop : wanted.getDropCapabilitiesList()) {
      if (!isAll(drop)) {
        held.remove(known(drop));
      }
    }
    var ambient = new LinkedHashSet<String>();
    for (String add : wanted.getAddAmbientCapabilitiesList()) {
      if (isAll(add)) {
        ambient.addAll(ALL);
      } else {
        ambient.add(known(add));
      }
    }
    held.addAll(ambient);
    return new Capabilities(held, ambient);
  }

  private static boolean isAll(String name) {
    return name.equalsIgnoreCase("ALL");
  }

  private static String known(String name) throws CriException {
    String upper = name.toUpperCase(Locale.ROOT);
    String full = upper.startsWith(PREFIX) ? upper : PREFIX + upper;
    if (!ALL.contains(full)) {
      throw new CriException.InvalidArgument("unknown capability \"" + name + "\"");
    }
    return full;
  }
}
