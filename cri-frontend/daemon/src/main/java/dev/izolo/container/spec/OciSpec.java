package dev.izolo.container.spec;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.LinuxContainerSecurityContext;
import dev.izolo.image.ImageConfig;
import dev.izolo.state.CriException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;

/**
 * A container's {@code config.json} (OCI runtime-spec 1.0). The VM is the pod: its network, IPC and UTS namespaces are the
 * pod's, so a container has a mount, a cgroup and, by its mode, a pid namespace of its own and no others. Annotations are
 * not passed on: some OCI runtimes take orders from them.
 */
public final class OciSpec {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final String SANDBOX_FILES = "/run/izolo/sandbox/";
  private static final long OPEN_FILES_SOFT = 65_536;
  private static final long OPEN_FILES_HARD = 1_048_576;

  private static final List<String> MASKED =
      List.of(
          "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/scsi",
          "/proc/sched_debug", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
          "/sys/firmware");
  private static final List<String> READ_ONLY =
      List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

  private OciSpec() {}

  /**
   * @param hostname the pod's
   * @param seccompDirectory where relative localhost profiles are
   */
  public static ObjectNode build(
      String containerId, ContainerConfig config, ImageConfig image, String hostname, Path seccompDirectory)
      throws CriException {
    LinuxContainerSecurityContext security = config.getLinux().getSecurityContext();
    Capabilities capabilities = Capabilities.of(security.getCapabilities());
    ObjectNode spec = JSON.objectNode();
    spec.put("ociVersion", "1.0.2");
    spec.set("process", process(config, image, hostname, capabilities));
    // The agent sets the path.
    spec.putObject("root").put("path", "rootfs").put("readonly", security.getReadonlyRootfs());
    spec.set("mounts", mounts(security.getReadonlyRootfs()));
    ObjectNode linux = spec.putObject("linux");
    linux.put("cgroupsPath", "/izolo/" + containerId);
    ArrayNode namespaces = linux.putArray("namespaces");
    for (String kind : List.of("mount", "cgroup", "pid")) {
      namespaces.addObject().put("type", kind);
    }
    ObjectNode resources = ResourceSpec.of(config.getLinux().getResources());
    resources.putArray("devices").addObject().put("allow", false).put("access", "rwm");
    linux.set("resources", resources);
    boolean unsaid = !config.getLinux().hasSecurityContext();
    addAll(linux.putArray("maskedPaths"), unsaid ? MASKED : security.getMaskedPathsList());
    addAll(linux.putArray("readonlyPaths"), unsaid ? READ_ONLY : security.getReadonlyPathsList());
    Seccomp.of(security.getSeccomp(), capabilities.held(), seccompDirectory)
        .ifPresent(profile -> linux.set("seccomp", profile));
    return spec;
  }

  private static ObjectNode process(
      ContainerConfig config, ImageConfig image, String hostname, Capabilities capabilities) throws CriException {
    ObjectNode process = JSON.objectNode();
    process.put("terminal", config.getTty());
    // The agent resolves the user against the image's files.
    process.putObject("user").put("uid", 0).put("gid", 0);
    addAll(process.putArray("args"), ProcessSpec.args(config, image));
    addAll(process.putArray("env"), ProcessSpec.env(config, image, hostname));
    process.put("cwd", ProcessSpec.cwd(config, image));
    ObjectNode sets = process.putObject("capabilities");
    for (String set : List.of("bounding", "effective", "permitted")) {
      addAll(sets.putArray(set), capabilities.held());
    }
    addAll(sets.putArray("inheritable"), capabilities.ambient());
    addAll(sets.putArray("ambient"), capabilities.ambient());
    process
        .putArray("rlimits").addObject()
        .put("type", "RLIMIT_NOFILE").put("soft", OPEN_FILES_SOFT).put("hard", OPEN_FILES_HARD);
    process.put("noNewPrivileges", config.getLinux().getSecurityContext().getNoNewPrivs());
    process.put("oomScoreAdj", config.getLinux().getResources().getOomScoreAdj());
    return process;
  }

  private static ArrayNode mounts(boolean readonlyRoot) {
    ArrayNode mounts = JSON.arrayNode();
    mount(mounts, "/proc", "proc", "proc", "nosuid", "noexec", "nodev");
    mount(mounts, "/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k");
    mount(
        mounts, "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5");
    mount(mounts, "/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev");
    mount(mounts, "/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro");
    mount(mounts, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro");
    mount(mounts, "/dev/shm", "bind", SANDBOX_FILES + "shm", "rbind", "rw", "nosuid", "noexec", "nodev");
    for (String file : List.of("resolv.conf", "hosts", "hostname")) {
      mount(mounts, "/etc/" + file, "bind", SANDBOX_FILES + file, "rbind", "rprivate", readonlyRoot ? "ro" : "rw");
    }
    return mounts;
  }

  private static void mount(ArrayNode mounts, String destination, String type, String source, String... options) {
    ArrayNode list =
        mounts.addObject().put("destination", destination).put("type", type).put("source", source).putArray("options");
    addAll(list, List.of(options));
  }

  private static void addAll(ArrayNode array, Collection<String> values) {
    values.forEach(array::add);
  }
}
