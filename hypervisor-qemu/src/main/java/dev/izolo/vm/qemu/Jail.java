package dev.izolo.vm.qemu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a VM's processes are confined to, as a chain of util-linux programs each of which executes the next in its
 * place, so that the pid stays one and the same: a shell joins the cgroups and sets limits, nsenter enters the network
 * namespace, setpriv gives up every privilege for good.
 *
 * @param cgroups directories whose cgroup.procs is written before anything else runs
 * @param networkNamespace none makes an empty one
 * @param uid user and group
 * @param supplementaryGroup the group of /dev/kvm, where KVM is used
 */
record Jail(List<Path> cgroups, Optional<Path> networkNamespace, int uid, OptionalInt supplementaryGroup) {
  /** The exit code of a jail that could not be entered; the reason is on standard error. */
  static final int FAILED = 125;

  // The core limit keeps guest memory off the host's disk; the other one is Linux's usual hard limit or less. The shell
  // sets PWD even in an empty environment, hence env.
  private static final String ENTER =
      "cd \"$1\" || exit 125; shift; "
          + "while [ \"$1\" != -- ]; do echo $$ >\"$1/cgroup.procs\" || exit 125; shift; done; shift; "
          + "umask 077; ulimit -c 0 || exit 125; ulimit -n 4096 || exit 125; exec /usr/bin/env -i \"$@\"";

  /**
   * The command line that runs a program in here.
   *
   * @param workingDirectory entered before privileges are dropped, so its parents need not be open to the user
   */
  List<String> command(Path workingDirectory, List<String> program) {
    var command = new ArrayList<>(List.of("/bin/sh", "-c", ENTER, "izolo-jail", workingDirectory.toString()));
    cgroups.forEach(cgroup -> command.add(cgroup.toString()));
    command.add("--");
    networkNamespace.ifPresentOrElse(
        path -> command.addAll(List.of("/usr/bin/nsenter", "--net=" + path, "--")),
        () -> command.addAll(List.of("/usr/bin/unshare", "--net", "--")));
    command.addAll(
        List.of(
            "/usr/bin/setpriv",
            "--reuid=" + uid,
            "--regid=" + uid,
            groups(),
            "--inh-caps=-all",
            "--bounding-set=-all",
            "--no-new-privs",
            "--"));
    command.addAll(program);
    return List.copyOf(command);
  }

  private String groups() {
    return supplementaryGroup.isPresent() ? "--groups=" + supplementaryGroup.getAsInt() : "--clear-groups";
  }
}
