package dev.izolo.e2e.harness;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Proves that an operation left nothing: what exists before it and after it, by kind. A thing counts as leaked when it
 * is there after and was not before; the runtime gets a few seconds to finish what it does behind the answered call.
 */
public final class LeakAudit {
  /** Descriptors and threads may come and go with pools and connections; a leak per operation exceeds this soon. */
  private static final int DESCRIPTORS_TOLERATED = 12;

  private static final int THREADS_TOLERATED = 16;

  private final Node node;
  private final List<Path> directories;
  private final Path cgroupParent;
  private final Supplier<Set<Long>> expectedProcesses;
  private final Supplier<Long> daemon;
  private final Predicate<String> madeOnce;

  /**
   * @param directories the runtime's own directories: state, run time, address leases
   * @param cgroupParent the cgroup, relative to each hierarchy, beneath which the tests' pods live
   * @param expectedProcesses of the node: the daemon's own and the test's servers
   * @param daemon the daemon's pid, or -1 while it does not run
   * @param madeOnce which files, links and firewall rules the first pod makes for all that come after it
   */
  public LeakAudit(Node node, List<Path> directories, Path cgroupParent, Supplier<Set<Long>> expectedProcesses,
      Supplier<Long> daemon, Predicate<String> madeOnce) {
    this.node = node;
    this.directories = List.copyOf(directories);
    this.cgroupParent = cgroupParent;
    this.expectedProcesses = expectedProcesses;
    this.daemon = daemon;
    this.madeOnce = madeOnce;
  }

  /** What exists: things by kind, and how many descriptors and threads the daemon has. */
  public record Snapshot(Map<String, Set<String>> things, int descriptors, int threads) {}

  public Snapshot snapshot() {
    Map<String, Set<String>> things = new LinkedHashMap<>();
    things.put("process", processes());
    things.put("network namespace", list(node.inside("/run/netns")));
    things.put("link", lines("ip", "-o", "link", "show").map(line -> line.split(":")[1].trim())
        .filter(link -> !madeOnce.test(link)).collect(TreeSet::new, Set::add, Set::addAll));
    things.put("mount", mounts());
    things.put("cgroup", cgroups());
    things.put("file", files());
    things.put("firewall rule", rules());
    long pid = daemon.get();
    return new Snapshot(things, count(pid, "fd"), count(pid, "task"));
  }

  /** Fails, naming each, if something that {@code before} lacks stays. */
  public void assertNothingLeaked(Snapshot before, Duration settle) {
    long end = System.nanoTime() + settle.toNanos();
    List<String> leaked = leaked(before, snapshot());
    while (!leaked.isEmpty() && System.nanoTime() < end) {
      // nothing announces the absence of all these things, so we look again
      java.util.concurrent.locks.LockSupport.parkNanos(100_000_000);
      leaked = leaked(before, snapshot());
    }
    if (!leaked.isEmpty()) {
      throw new AssertionError("leaked:\n  " + String.join("\n  ", leaked));
    }
  }

  static List<String> leaked(Snapshot before, Snapshot after) {
    List<String> leaked = new ArrayList<>();
    after.things().forEach((kind, things) -> things.stream()
        .filter(thing -> !before.things().getOrDefault(kind, Set.of()).contains(thing))
        .forEach(thing -> leaked.add(kind + " " + thing)));
    if (before.descriptors() >= 0 && after.descriptors() > before.descriptors() + DESCRIPTORS_TOLERATED) {
      leaked.add("descriptors of the daemon: " + before.descriptors() + " before, " + after.descriptors() + " after");
    }
    if (before.threads() >= 0 && after.threads() > before.threads() + THREADS_TOLERATED) {
      leaked.add("threads of the daemon: " + before.threads() + " before, " + after.threads() + " after");
    }
    return leaked;
  }

  private Set<String> processes() {
    Set<Long> expected = expectedProcesses.get();
    Set<String> found = new TreeSet<>();
    for (long pid : node.processes()) {
      if (!expected.contains(pid)) {
        commandLine(pid).ifPresent(line -> found.add(pid + " " + line));
      }
    }
    return found;
  }

  /** Empty for a process that ended while we looked; a zombie nobody reaps has no command line but a name. */
  private static java.util.Optional<String> commandLine(long pid) {
    try {
      String line = Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1).replace('\0', ' ');
      String name = Files.readString(Path.of("/proc/" + pid + "/comm")).trim();
      return java.util.Optional.of(line.isEmpty() ? name + " (no command line)" : line.substring(0, Math.min(160, line.length())));
    } catch (IOException ended) {
      return java.util.Optional.empty();
    }
  }

  private Set<String> mounts() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + node.initPid() + "/mounts"))) {
      return lines.collect(TreeSet::new, Set::add, Set::addAll);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Set<String> cgroups() {
    Set<String> found = new TreeSet<>();
    for (Path hierarchy : hierarchies()) {
      Path parent = hierarchy.resolve(cgroupParent);
      if (Files.isDirectory(parent)) {
        walk(parent, found, true);
      }
    }
    return found;
  }

  static List<Path> hierarchies() {
    Path root = Path.of("/sys/fs/cgroup");
    try (Stream<Path> all = Files.list(root)) {
      return Stream.concat(Stream.of(root), all.filter(path -> Files.isDirectory(path) && !Files.isSymbolicLink(path))).toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Set<String> files() {
    Set<String> found = new TreeSet<>();
    for (Path directory : directories) {
      walk(directory, found, false);
    }
    found.removeIf(madeOnce);
    return found;
  }

  private static void walk(Path directory, Set<String> into, boolean directoriesOnly) {
    // by hand, since files may vanish while we walk
    try (Stream<Path> entries = Files.list(directory)) {
      for (Path entry : entries.toList()) {
        boolean isDirectory = Files.isDirectory(entry, java.nio.file.LinkOption.NOFOLLOW_LINKS);
        if (isDirectory || !directoriesOnly) {
          into.add(entry.toString());
        }
        if (isDirectory) {
          walk(entry, into, directoriesOnly);
        }
      }
    } catch (IOException | java.io.UncheckedIOException gone) {
      into.remove(directory.toString());
    }
  }

  private static Set<String> list(Path directory) {
    Set<String> found = new TreeSet<>();
    try (Stream<Path> entries = Files.list(directory)) {
      entries.forEach(entry -> found.add(entry.getFileName().toString()));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return found;
  }

  private Set<String> rules() {
    Set<String> found = new TreeSet<>();
    lines("iptables-save").filter(line -> line.startsWith("-")).forEach(line -> found.add("IPv4 " + line));
    lines("ip6tables-save").filter(line -> line.startsWith("-")).forEach(line -> found.add("IPv6 " + line));
    found.removeIf(madeOnce);
    return found;
  }

  private Stream<String> lines(String... command) {
    return node.run(command).lines();
  }

  private static int count(long pid, String what) {
    if (pid <= 0) {
      return -1;
    }
    try (Stream<Path> entries = Files.list(Path.of("/proc/" + pid + "/" + what))) {
      return (int) entries.count();
    } catch (IOException ended) {
      return -1;
    }
  }
}
