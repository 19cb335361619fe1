package dev.izolo.container.spec;

import dev.izolo.agent.v1.UserSelection;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.KeyValue;
import dev.izolo.cri.v1.LinuxContainerSecurityContext;
import dev.izolo.cri.v1.SupplementalGroupsPolicy;
import dev.izolo.image.ImageConfig;
import dev.izolo.state.CriException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a container's first process is: the image's words and CRI's, merged as Kubernetes documents it. */
public final class ProcessSpec {
  private static final String DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private ProcessSpec() {}

  /**
   * CRI's command replaces the image's entrypoint and drops its cmd; CRI's args replace the image's cmd.
   *
   * @throws CriException.InvalidArgument if nothing is left to run
   */
  static List<String> args(ContainerConfig config, ImageConfig image) throws CriException {
    var args = new ArrayList<String>();
    if (config.getCommandCount() > 0) {
      args.addAll(config.getCommandList());
      args.addAll(config.getArgsList());
    } else {
      args.addAll(image.entrypoint());
      args.addAll(config.getArgsCount() > 0 ? config.getArgsList() : image.cmd());
    }
    if (args.isEmpty()) {
      throw new CriException.InvalidArgument(
          "no command specified: neither the container nor its image names one to run");
    }
    for (String arg : args) {
      if (arg.indexOf('\0') >= 0) {
        throw new CriException.InvalidArgument("an argument of the command contains a NUL byte");
      }
    }
    return args;
  }

  /** PATH and HOSTNAME first, then the image's, then CRI's; a later one of the same name wins, in the place of the first. */
  static List<String> env(ContainerConfig config, ImageConfig image, String hostname) throws CriException {
    Map<String, String> env = new LinkedHashMap<>();
    put(env, DEFAULT_PATH);
    put(env, "HOSTNAME=" + hostname);
    if (config.getTty()) {
      put(env, "TERM=xterm");
    }
    for (String entry : image.env()) {
      put(env, entry);
    }
    for (KeyValue entry : config.getEnvsList()) {
      String key = entry.getKey();
      String value = entry.getValue().toStringUtf8();
      if (key.isEmpty() || key.indexOf('=') >= 0 || key.indexOf('\0') >= 0 || value.indexOf('\0') >= 0) {
        throw new CriException.InvalidArgument("environment variable \"" + key + "\" has no valid name or value");
      }
      env.put(key, key + "=" + value);
    }
    return List.copyOf(env.values());
  }

  private static void put(Map<String, String> env, String entry) {
    int equals = entry.indexOf('=');
    if (equals > 0) {
      env.put(entry.substring(0, equals), entry);
    }
  }

  static String cwd(ContainerConfig config, ImageConfig image) {
    String cwd = config.getWorkingDir().isEmpty() ? image.workingDir() : config.getWorkingDir();
    return cwd.isEmpty() ? "/" : cwd.startsWith("/") ? cwd : "/" + cwd;
  }

  /** Who it runs as, for the guest to resolve against the image's own user database. */
  public static UserSelection user(LinuxContainerSecurityContext security, ImageConfig image) throws CriException {
    var user = UserSelection.newBuilder();
    if (security.hasRunAsUser()) {
      user.setUser(Long.toString(id("run_as_user", security.getRunAsUser().getValue())));
    } else if (!security.getRunAsUsername().isEmpty()) {
      user.setUser(security.getRunAsUsername());
    } else {
      user.setUser(image.user());
    }
    if (security.hasRunAsGroup()) {
      if (!security.hasRunAsUser() && security.getRunAsUsername().isEmpty()) {
        throw new CriException.InvalidArgument(
            "run_as_group is set without run_as_user or run_as_username: name the user too");
      }
      user.setGid(id("run_as_group", security.getRunAsGroup().getValue()));
    }
    for (long gid : security.getSupplementalGroupsList()) {
      user.addSupplementalGids(id("supplemental_groups", gid));
    }
    return user
        .setStrictSupplementalGroups(security.getSupplementalGroupsPolicy() == SupplementalGroupsPolicy.Strict)
        .build();
  }

  private static long id(String field, long value) throws CriException {
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw new CriException.InvalidArgument(field + " " + value + " is not in 0.." + Integer.MAX_VALUE);
    }
    return value;
  }
}
