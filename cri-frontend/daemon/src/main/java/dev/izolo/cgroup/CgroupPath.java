package dev.izolo.cgroup;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/** Where a sandbox's cgroup is beneath every hierarchy's root: a pure function of its id and the pod's cgroup parent. */
final class CgroupPath {
  private static final String SLICE = ".slice";
  private static final Pattern COMPONENT = Pattern.compile("[^/\\x00-\\x1f\\x7f]{1,200}");
  private static final Pattern ID = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");
  private static final int MAX_DEPTH = 32;

  private CgroupPath() {}

  /**
   * @param parent as the kubelet gives it: a path with the cgroupfs driver, a slice's name with the systemd driver,
   *     which stands for the path of slices that systemd derives from it (systemd.slice(5)); empty for none
   * @return a relative path
   * @throws IllegalArgumentException if the parent could name anything but a cgroup below the root
   */
  static String of(String sandboxId, String parent) {
    if (!ID.matcher(sandboxId).matches()) {
      throw new IllegalArgumentException("a sandbox id must match " + ID.pattern());
    }
    String stripped = parent.replaceAll("^/+|/+$", "");
    if (stripped.isEmpty()) {
      return "izolo/" + sandboxId;
    }
    List<String> components =
        stripped.endsWith(SLICE) && stripped.indexOf('/') < 0
            ? slices(stripped)
            : Arrays.asList(stripped.split("/+"));
    if (components.size() > MAX_DEPTH) {
      throw new IllegalArgumentException("the cgroup parent is deeper than %d levels".formatted(MAX_DEPTH));
    }
    for (String component : components) {
      if (!COMPONENT.matcher(component).matches() || component.equals(".") || component.equals("..")) {
        throw new IllegalArgumentException("the cgroup parent has a component that is not a cgroup's name");
      }
    }
    return String.join("/", components) + "/izolo-" + sandboxId;
  }

  private static List<String> slices(String slice) {
    String name = slice.substring(0, slice.length() - SLICE.length());
    List<String> path = new ArrayList<>();
    StringBuilder prefix = new StringBuilder();
    for (String word : name.split("-", -1)) {
      if (word.isEmpty()) {
        throw new IllegalArgumentException("the cgroup parent is not the name of a slice");
      }
      prefix.append(prefix.isEmpty() ? "" : "-").append(word);
      path.add(prefix + SLICE);
    }
    return path;
  }
}
