package dev.izolo.agent.container;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The OCI runtime configuration (runtime-spec, config.md) of a container, completed with what only the guest knows. */
final class Bundle {
  private static final String PID = "pid";

  private Bundle() {}

  /**
   * Completes the host's configuration in place.
   *
   * @param pidNamespacePath empty for a namespace of the container's own, null to leave what the host wrote
   */
  static void complete(
      Map<String, Object> spec,
      String rootPath,
      boolean readonlyRoot,
      boolean terminal,
      UserGrammar.Identity user,
      String cgroupsPath,
      String pidNamespacePath)
      throws IOException {
    Map<String, Object> root = Json.child(spec, "root");
    root.put("path", rootPath);
    root.put("readonly", readonlyRoot);
    Map<String, Object> process = Json.child(spec, "process");
    process.put("terminal", terminal);
    completeUser(process, user);
    Map<String, Object> linux = Json.child(spec, "linux");
    linux.put("cgroupsPath", cgroupsPath);
    if (pidNamespacePath != null) {
      setPidNamespace(Json.list(linux, "namespaces"), pidNamespacePath);
    }
  }

  private static void completeUser(Map<String, Object> process, UserGrammar.Identity identity) throws IOException {
    Map<String, Object> user = Json.child(process, "user");
    user.put("uid", identity.uid());
    user.put("gid", identity.gid());
    if (identity.additionalGids().isEmpty()) {
      user.remove("additionalGids");
    } else {
      user.put("additionalGids", new ArrayList<Object>(identity.additionalGids()));
    }
    List<Object> environment = Json.list(process, "env");
    if (environment.stream().noneMatch(entry -> entry instanceof String text && text.startsWith("HOME="))) {
      String home = identity.home();
      // An image's passwd may hold anything; a home that is no absolute path is as good as none.
      environment.add("HOME=" + (home.startsWith("/") && home.indexOf('\0') < 0 ? home : "/"));
    }
  }

  private static void setPidNamespace(List<Object> namespaces, String path) {
    namespaces.removeIf(item -> item instanceof Map<?, ?> namespace && PID.equals(namespace.get("type")));
    Map<String, Object> namespace = new LinkedHashMap<>();
    namespace.put("type", PID);
    if (!path.isEmpty()) {
      namespace.put("path", path);
    }
    namespaces.add(namespace);
  }

  /** The process of a further command in a container: as its first one in all but the arguments and the terminal. */
  static Map<String, Object> execProcess(Map<String, Object> spec, List<String> args, boolean terminal)
      throws IOException {
    Map<String, Object> process = new LinkedHashMap<>(Json.child(spec, "process"));
    process.put("args", new ArrayList<Object>(args));
    process.put("terminal", terminal);
    process.remove("consoleSize");
    return process;
  }
}
