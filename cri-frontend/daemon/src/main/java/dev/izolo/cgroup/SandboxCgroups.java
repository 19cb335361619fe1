package dev.izolo.cgroup;

import dev.izolo.sandbox.PodCgroups;
import dev.izolo.state.CriException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes and removes sandboxes' cgroups in all mounted hierarchies. Limits are not set here: the kubelet sets them on
 * the pod's cgroup, of which this one is a child, so they hold for it whichever controllers it has itself.
 */
public final class SandboxCgroups implements PodCgroups {
  private static final Logger log = LoggerFactory.getLogger(SandboxCgroups.class);
  private static final Duration REMOVAL = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(50);
  private static final List<String> CPUSET_FILES = List.of("cpuset.cpus", "cpuset.mems");

  private final List<CgroupHierarchy> hierarchies;

  SandboxCgroups(List<CgroupHierarchy> hierarchies) {
    this.hierarchies = List.copyOf(hierarchies);
  }

  /** For the hierarchies mounted on this host. */
  public static SandboxCgroups ofThisHost() throws IOException {
    List<CgroupHierarchy> mounted = CgroupHierarchy.parse(Files.readString(Path.of("/proc/self/mountinfo")));
    if (mounted.isEmpty()) {
      log.warn("no cgroup hierarchy is mounted: sandboxes run without limits on the host");
    }
    return new SandboxCgroups(mounted);
  }

  @Override
  public List<Path> create(String sandboxId, String parent) throws CriException {
    String path = path(sandboxId, parent);
    List<Path> made = new ArrayList<>();
    for (CgroupHierarchy hierarchy : hierarchies) {
      Path leaf = hierarchy.mountPoint().resolve(path);
      try {
        make(hierarchy, leaf);
        made.add(leaf);
      } catch (IOException e) {
        if (!hierarchy.isEssential()) {
          log.debug("sandbox {}: no cgroup for {}: {}", sandboxId, hierarchy.controllers(), e.toString());
          continue;
        }
        made.forEach(SandboxCgroups::tryRemove);
        throw new CriException.FailedPrecondition(
            "cannot make cgroup %s (%s): %s; cgroups must be mounted writable for the daemon"
                .formatted(leaf, String.join(",", hierarchy.controllers()), reason(e)),
            e);
      }
    }
    return made;
  }

  @Override
  public void move(String sandboxId, String from, String to, List<Long> processes)
      throws CriException, InterruptedException {
    for (Path cgroup : create(sandboxId, to)) {
      for (long process : processes) {
        try {
          Files.writeString(cgroup.resolve("cgroup.procs"), Long.toString(process));
        } catch (IOException e) {
          throw new CriException.FailedPrecondition(
              "cannot move process %d to cgroup %s: %s".formatted(process, cgroup, reason(e)), e);
        }
      }
    }
    remove(sandboxId, from);
  }

  @Override
  public void remove(String sandboxId, String parent) throws CriException, InterruptedException {
    String path = path(sandboxId, parent);
    List<Path> left =
        new ArrayList<>(hierarchies.stream().map(hierarchy -> hierarchy.mountPoint().resolve(path)).toList());
    long deadline = System.nanoTime() + REMOVAL.toNanos();
    Duration pause = Duration.ofMillis(1);
    while (true) {
      IOException last = null;
      for (Path leaf : List.copyOf(left)) {
        try {
          removeTree(leaf);
          left.remove(leaf);
        } catch (IOException e) {
          last = e;
        }
      }
      if (last == null) {
        return;
      }
      if (System.nanoTime() > deadline) {
        throw new CriException.Internal(
            "cannot remove cgroup %s within %d s: %s".formatted(left.getFirst(), REMOVAL.toSeconds(), reason(last)),
            last);
      }
      // Version 1 tells nobody when a cgroup becomes empty, and a killed process leaves it only as it is reaped:
      // trying again is the only test.
      Thread.sleep(pause);
      pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
    }
  }

  private static void make(CgroupHierarchy hierarchy, Path leaf) throws IOException {
    Path level = hierarchy.mountPoint();
    for (Path name : hierarchy.mountPoint().relativize(leaf)) {
      Path parent = level;
      level = level.resolve(name);
      try {
        Files.createDirectory(level);
      } catch (FileAlreadyExistsException there) {
        // The kubelet's, another pod's, or one that a run cut short has left: joined as it is.
      }
      if (hierarchy.isCpuset()) {
        inheritCpuset(parent, level);
      }
    }
  }

  /** A new version 1 cpuset is empty, and nothing can join an empty one. */
  private static void inheritCpuset(Path parent, Path child) throws IOException {
    for (String file : CPUSET_FILES) {
      Path own = child.resolve(file);
      if (Files.exists(own) && Files.readString(own).isBlank()) {
        Files.writeString(own, Files.readString(parent.resolve(file)).strip());
      }
    }
  }

  private static void removeTree(Path leaf) throws IOException {
    List<Path> cgroups;
    try (Stream<Path> walk = Files.walk(leaf)) {
      cgroups = walk.filter(Files::isDirectory).sorted(Comparator.reverseOrder()).toList();
    } catch (NoSuchFileException gone) {
      return;
    }
    for (Path cgroup : cgroups) {
      killMembers(cgroup);
      Files.deleteIfExists(cgroup);
    }
  }

  private static void killMembers(Path cgroup) throws IOException {
    List<String> members;
    try {
      members = Files.readAllLines(cgroup.resolve("cgroup.procs"));
    } catch (NoSuchFileException gone) {
      return;
    }
    for (String member : members) {
      long pid = Long.parseLong(member.strip());
      if (pid == 0) {
        // So the kernel shows a process that this pid namespace cannot name, nor kill.
        continue;
      }
      log.debug("killing process {} left in cgroup {}", pid, cgroup);
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  private static void tryRemove(Path leaf) {
    try {
      Files.deleteIfExists(leaf);
    } catch (IOException e) {
      log.warn("cannot remove cgroup {} again: {}", leaf, e.toString());
    }
  }

  private static String path(String sandboxId, String parent) throws CriException {
    try {
      return CgroupPath.of(sandboxId, parent);
    } catch (IllegalArgumentException e) {
      throw new CriException.InvalidArgument(e.getMessage());
    }
  }

  private static String reason(IOException e) {
    return e instanceof FileSystemException fs && fs.getReason() != null
        ? fs.getReason()
        : e.toString();
  }
}
