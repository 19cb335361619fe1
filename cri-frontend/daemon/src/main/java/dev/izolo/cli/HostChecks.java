package dev.izolo.cli;

import dev.izolo.config.ByteSize;
import dev.izolo.config.IzoloConfig;
import dev.izolo.vm.HostSupport.Finding;
import dev.izolo.vm.HostSupport.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What {@code check} looks at beside the hypervisor: the host's system, its programs and its space. */
final class HostChecks {
  private static final ByteSize LITTLE_DISK = ByteSize.ofGib(2);
  private static final ByteSize LITTLE_MEMORY = ByteSize.ofMib(512);
  private static final List<String> PROGRAMS =
      List.of("ip", "tc", "nsenter", "setpriv", "setsid", "mkfs.ext4", "cp");
  private static final List<String> DEFAULT_NETWORK_PLUGINS = List.of("bridge", "host-local", "portmap");
  private static final Pattern CNI_FILE = Pattern.compile(".*\\.(conflist|conf|json)");

  private final IzoloConfig config;
  private final Path root;
  private final Function<String, Optional<Path>> programs;

  /**
   * @param root of the system looked at, for tests
   * @param programs finds a program by name
   */
  HostChecks(IzoloConfig config, Path root, Function<String, Optional<Path>> programs) {
    this.config = config;
    this.root = root;
    this.programs = programs;
  }

  List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    findings.add(java());
    findings.add(programs());
    findings.add(cniPlugins());
    findings.add(cniConfiguration());
    findings.add(cgroups());
    findings.add(userNamespaces());
    findings.add(disk());
    findings.add(memory());
    return findings;
  }

  static Finding root(boolean isRoot) {
    return isRoot
        ? ok("root", "running as root")
        : failed("root", "not running as root: VMs, networks and mounts need it", "run it with sudo");
  }

  private static Finding java() {
    return ok("java", "Java " + Runtime.version() + " at " + System.getProperty("java.home"));
  }

  private Finding programs() {
    List<String> missing = PROGRAMS.stream().filter(program -> programs.apply(program).isEmpty()).toList();
    return missing.isEmpty()
        ? ok("programs", String.join(", ", PROGRAMS))
        : failed("programs", "not found: " + String.join(", ", missing),
            "apt install iproute2 util-linux e2fsprogs coreutils");
  }

  private Finding cniPlugins() {
    List<Path> directories = config.network().cniBinDirs();
    List<String> missing = DEFAULT_NETWORK_PLUGINS.stream()
        .filter(plugin -> directories.stream().noneMatch(directory -> Files.isExecutable(at(directory).resolve(plugin))))
        .toList();
    String places = String.join(", ", directories.stream().map(Path::toString).toList());
    return missing.isEmpty()
        ? ok("cni plugins", "found in " + places)
        : failed("cni plugins", "not in " + places + ": " + String.join(", ", missing),
            "apt install containernetworking-plugins, or set network.cni_bin_dirs");
  }

  private Finding cniConfiguration() {
    Path directory = config.network().cniConfDir();
    try (Stream<Path> files = Files.list(at(directory))) {
      Optional<Path> first = files.filter(file -> CNI_FILE.matcher(file.getFileName().toString()).matches())
          .min((left, right) -> left.getFileName().toString().compareTo(right.getFileName().toString()));
      if (first.isPresent()) {
        return ok("cni config", directory.resolve(first.get().getFileName()).toString());
      }
    } catch (IOException e) {
      // An absent directory is one without a configuration.
    }
    return new Finding("cni config", Severity.WARNING, "no configuration in " + directory
        + ": `izolo run` uses the network that Izolo ships, a kubelet's pods wait",
        "install a CNI network (on a cluster its add-on does), or start with `izolo serve --default-network`");
  }

  private Finding cgroups() {
    if (Files.exists(at(Path.of("/sys/fs/cgroup/cgroup.controllers")))) {
      return ok("cgroups", "version 2");
    }
    if (Files.isDirectory(at(Path.of("/sys/fs/cgroup/memory")))) {
      return new Finding("cgroups", Severity.WARNING, "version 1: works, but the kubelet drops it",
          "boot with systemd.unified_cgroup_hierarchy=1");
    }
    return failed("cgroups", "none mounted at /sys/fs/cgroup", "mount -t cgroup2 none /sys/fs/cgroup");
  }

  private Finding userNamespaces() {
    Path limit = at(Path.of("/proc/sys/user/max_user_namespaces"));
    try {
      return Files.readString(limit).strip().equals("0")
          ? new Finding("user namespaces", Severity.WARNING, "switched off: QEMU's own sandbox is weaker without",
              "sysctl user.max_user_namespaces=15000")
          : ok("user namespaces", "available");
    } catch (IOException e) {
      return new Finding("user namespaces", Severity.WARNING, "this kernel has none",
          "use a kernel with CONFIG_USER_NS");
    }
  }

  private Finding disk() {
    Path directory = existing(config.stateDir());
    try {
      ByteSize free = new ByteSize(Files.getFileStore(directory).getUsableSpace());
      String detail = free.mib() + " MiB free for " + config.stateDir();
      return free.compareTo(LITTLE_DISK) < 0
          ? new Finding("disk", Severity.WARNING, detail, "make room: images and scratch disks are kept there")
          : ok("disk", detail);
    } catch (IOException e) {
      return failed("disk", "cannot tell the space of " + directory + ": " + e.getMessage(), "check state_dir");
    }
  }

  private Finding memory() {
    try (Stream<String> lines = Files.lines(at(Path.of("/proc/meminfo")))) {
      long kib = lines.filter(line -> line.startsWith("MemAvailable:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", ""))).findFirst().orElse(0);
      ByteSize available = new ByteSize(kib * 1024);
      String detail = available.mib() + " MiB available; a pod takes " + config.sandbox().memory() + " and a little";
      return available.compareTo(LITTLE_MEMORY) < 0
          ? new Finding("memory", Severity.WARNING, detail, "free some memory, or configure smaller VMs")
          : ok("memory", detail);
    } catch (IOException e) {
      return failed("memory", "cannot read /proc/meminfo: " + e.getMessage(), "mount /proc");
    }
  }

  private static Path existing(Path path) {
    Path at = path;
    while (!Files.exists(at)) {
      at = at.getParent();
    }
    return at;
  }

  private Path at(Path absolute) {
    return root.resolve(absolute.toString().substring(1));
  }

  private static Finding ok(String subject, String detail) {
    return new Finding(subject, Severity.OK, detail, "");
  }

  private static Finding failed(String subject, String detail, String cure) {
    return new Finding(subject, Severity.FAILED, detail, cure);
  }
}
