package dev.izolo.cgroup;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A mounted cgroup hierarchy.
 *
 * @param controllers of a version 1 hierarchy, {@code name=systemd} among them; of version 2 just {@code unified}
 */
record CgroupHierarchy(Path mountPoint, Set<String> controllers) {
  static final String UNIFIED = "unified";

  /** Without these a pod's limits would not hold, so their absence is an error and not a detail. */
  private static final Set<String> ESSENTIAL = Set.of("cpu", "memory", "pids");

  private static final Set<String> MOUNT_FLAGS =
      Set.of("rw", "ro", "relatime", "nosuid", "nodev", "noexec", "seclabel", "xattr", "clone_children", "noprefix",
          "cpuset_v2_mode");
  private static final Pattern ESCAPE = Pattern.compile("\\\\([0-3][0-7]{2})");

  CgroupHierarchy {
    controllers = Set.copyOf(controllers);
  }

  boolean isUnified() {
    return controllers.contains(UNIFIED);
  }

  boolean isCpuset() {
    return controllers.contains("cpuset");
  }

  boolean isEssential() {
    return isUnified() || controllers.stream().anyMatch(ESSENTIAL::contains);
  }

  /**
   * The hierarchies of a process, each once, from its {@code /proc/PID/mountinfo} (proc(5)). A version 2 hierarchy
   * beside version 1 ones is listed too: systemd tracks processes in it.
   */
  static List<CgroupHierarchy> parse(String mountinfo) {
    List<CgroupHierarchy> found = new ArrayList<>();
    Set<Set<String>> seen = new HashSet<>();
    for (String line : mountinfo.split("\n")) {
      List<String> fields = Arrays.asList(line.split(" "));
      int separator = fields.indexOf("-");
      if (separator < 6 || fields.size() < separator + 4) {
        continue;
      }
      Set<String> controllers =
          switch (fields.get(separator + 1)) {
            case "cgroup2" -> Set.of(UNIFIED);
            case "cgroup" -> controllers(fields.get(separator + 3));
            default -> Set.of();
          };
      if (!controllers.isEmpty() && seen.add(controllers)) {
        found.add(new CgroupHierarchy(Path.of(unescape(fields.get(4))), controllers));
      }
    }
    return found;
  }

  private static Set<String> controllers(String superOptions) {
    Set<String> controllers = new HashSet<>(Arrays.asList(superOptions.split(",")));
    controllers.removeAll(MOUNT_FLAGS);
    controllers.removeIf(option -> option.startsWith("release_agent="));
    return controllers;
  }

  private static String unescape(String field) {
    Matcher matcher = ESCAPE.matcher(field);
    return matcher.replaceAll(
        match -> Matcher.quoteReplacement(Character.toString(Integer.parseInt(match.group(1), 8))));
  }
}
