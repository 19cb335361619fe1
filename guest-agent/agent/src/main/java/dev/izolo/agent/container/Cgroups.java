package dev.izolo.agent.container;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The guest's control groups (cgroup v2, admin-guide/cgroup-v2.rst): /pod, and one below it per container. */
public final class Cgroups {
  private static final String POD = "pod";

  private final Path mount;
  private boolean enabled;
  private final Set<Path> occupied = ConcurrentHashMap.newKeySet();

  public Cgroups(Path mount) {
    this.mount = mount;
  }

  /** Lets containers have every controller the kernel has. Done once, so a copy of a VM finds it done. */
  public synchronized void enableControllers() throws IOException {
    if (enabled) {
      return;
    }
    String available = Files.readString(mount.resolve("cgroup.controllers")).strip();
    if (available.isEmpty()) {
      return;
    }
    String all = "+" + available.replace(" ", " +");
    Files.writeString(mount.resolve("cgroup.subtree_control"), all);
    Path pod = Files.createDirectories(mount.resolve(POD));
    Files.writeString(pod.resolve("cgroup.subtree_control"), all);
    enabled = true;
  }

  /** What a container's spec names as its group. */
  String specPath(String containerId) {
    return "/" + POD + "/" + containerId;
  }

  /** The group above all containers'. */
  Path podDirectory() {
    return mount.resolve(POD);
  }

  Path directory(String containerId) {
    return mount.resolve(POD).resolve(containerId);
  }

  /** A group for one further command in a container, so that all it leaves behind can be ended; its name. */
  String createExecGroup(String containerId, String name) throws IOException {
    Path group = directory(containerId).resolve(name);
    Files.createDirectory(group);
    return name;
  }

  /** Ends every process in a container's group, or in one of its sub-groups; a group that is gone has none. */
  void kill(String containerId, String subGroup) throws IOException {
    Path group = directory(containerId);
    try {
      Files.writeString((subGroup.isEmpty() ? group : group.resolve(subGroup)).resolve("cgroup.kill"), "1",
          StandardOpenOption.WRITE);
    } catch (NoSuchFileException e) {
      // Removed with its last process.
    }
  }

  /** Whether any process is left in a container's group or below; not in one that is gone. */
  boolean populated(String containerId) {
    return CgroupFiles.value(CgroupFiles.read(directory(containerId).resolve("cgroup.events")), "populated") > 0;
  }

  /** Removes a command's group; one that still has processes is tried again with the next, and goes with the container. */
  void removeExecGroup(String containerId, String name) {
    occupied.add(directory(containerId).resolve(name));
    // rmdir(2) by way of File, which says no instead of throwing on a group with processes.
    occupied.removeIf(group -> group.toFile().delete() || !Files.isDirectory(group));
  }

  /** Removes what is left of a container's group once its processes are gone; idempotent. */
  void remove(String containerId) throws IOException {
    Path group = directory(containerId);
    if (!Files.isDirectory(group)) {
      return;
    }
    Files.walkFileTree(group, new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult postVisitDirectory(Path directory, IOException error) throws IOException {
        Files.deleteIfExists(directory);
        return FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
        // A group's files go with it.
        return FileVisitResult.CONTINUE;
      }
    });
  }

  /** How often the kernel has killed a process of the container for want of memory; 0 when the group is gone. */
  long oomKills(String containerId) {
    return CgroupFiles.value(CgroupFiles.read(directory(containerId).resolve("memory.events")), "oom_kill");
  }

  /** Every process in the container's group and below. */
  List<Integer> processes(String containerId) throws IOException {
    List<Integer> pids = new ArrayList<>();
    collect(directory(containerId), pids);
    return pids;
  }

  private static void collect(Path group, List<Integer> pids) throws IOException {
    for (String line : CgroupFiles.read(group.resolve("cgroup.procs")).split("\n")) {
      if (!line.isBlank()) {
        pids.add(Integer.parseInt(line.strip()));
      }
    }
    try (DirectoryStream<Path> children = Files.newDirectoryStream(group, Files::isDirectory)) {
      for (Path child : children) {
        collect(child, pids);
      }
    } catch (NoSuchFileException e) {
      // Removed while it was read: it had none.
    }
  }
}
