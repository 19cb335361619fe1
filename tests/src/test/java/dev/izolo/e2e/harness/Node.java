package dev.izolo.e2e.harness;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A machine of the test's own, as far as a container runtime can tell: private network, mount and process namespaces
 * with an empty {@code /run/netns} and {@code /var/lib/cni}, and a directory for everything it writes.
 *
 * <p>The namespaces are held by a small shell that ends with the pipe to this JVM; being the process namespace's init,
 * it takes everything with it that a test left running.
 */
public final class Node implements AutoCloseable {
  private final Process holder;
  private final long initPid;
  private final Path root;
  private final ExecutorService insideNetwork;

  private Node(Process holder, long initPid, Path root) {
    this.holder = holder;
    this.initPid = initPid;
    this.root = root;
    this.insideNetwork = Executors.newSingleThreadExecutor(work -> Thread.ofPlatform().daemon().name("inside-netns")
        .unstarted(() -> {
          enterNetwork(Path.of("/proc/" + initPid + "/ns/net"));
          work.run();
        }));
  }

  /** Makes the namespaces; loopback is up. */
  public static Node create() {
    try {
      // Short, because unix socket paths end at 107 bytes; searchable, because QEMU runs as another user.
      Path root = Files.createTempDirectory(Path.of("/tmp"), "ie");
      Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx--x--x"));
      // bash, because it reaps the orphans that it adopts while it waits for input; dash does not.
      Process holder = new ProcessBuilder("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
          "--mount-proc", "bash", "-c",
          "mkdir -p /run/netns /var/lib/cni && mount -t tmpfs netns /run/netns && mount -t tmpfs cni /var/lib/cni"
              + " && ip link set lo up && echo held && while read -r _; do :; done")
          .redirectError(root.resolve("node.log").toFile()).start();
      String line = holder.inputReader().readLine();
      if (!"held".equals(line)) {
        throw new IOException("no namespaces: " + Files.readString(root.resolve("node.log")));
      }
      long init = holder.children().findFirst().orElseThrow(() -> new IOException("unshare has no child")).pid();
      return new Node(holder, init, root);
    } catch (IOException e) {
      throw new AssertionError("cannot make the namespaces of the test (needs root, util-linux, iproute2): " + e, e);
    }
  }

  /** The directory that holds all files of this node. */
  public Path root() {
    return root;
  }

  /** A file of this node's mount namespace, as this JVM reaches it. */
  public Path inside(String absolute) {
    return Path.of("/proc/" + initPid + "/root" + absolute);
  }

  /** Host's pid of the process namespace's init. */
  public long initPid() {
    return initPid;
  }

  /** A command line that runs {@code command} inside; it ends with the command's own exit code. */
  public List<String> command(List<String> command) {
    List<String> all = new ArrayList<>(List.of("nsenter", "-t", Long.toString(initPid), "-n", "-m", "-p", "--"));
    all.addAll(command);
    return all;
  }

  /** Runs a command inside and returns its output; fails when it exits otherwise than 0 or takes over a minute. */
  public String run(String... command) {
    Output output = tryRun(Patience.seconds(60), command);
    if (output.exit() != 0) {
      throw new AssertionError(String.join(" ", command) + " exited " + output.exit() + ": " + output.text());
    }
    return output.text();
  }

  /** What a command did: its exit code, and stdout and stderr together. */
  public record Output(int exit, String text) {}

  /** Runs a command inside, whatever its exit code. */
  public Output tryRun(Duration bound, String... command) {
    try {
      Path file = Files.createTempFile(root, "run", ".out");
      try {
        Process process = new ProcessBuilder(command(List.of(command))).redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile()).redirectOutput(file.toFile()).start();
        if (!process.waitFor(bound.toMillis(), TimeUnit.MILLISECONDS)) {
          process.descendants().forEach(ProcessHandle::destroyForcibly);
          process.destroyForcibly();
          throw new AssertionError("not within " + bound + ": " + String.join(" ", command) + ": "
              + Files.readString(file, StandardCharsets.UTF_8));
        }
        return new Output(process.exitValue(), Files.readString(file, StandardCharsets.UTF_8));
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Runs code of this JVM whose sockets belong to the node's network, one call at a time. */
  public <T> T inNetwork(Callable<T> work) {
    try {
      return insideNetwork.submit(work).get();
    } catch (ExecutionException e) {
      throw new AssertionError("in the node's network: " + e.getCause(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** The host's pids of all processes inside, without the namespace's init and those that enter it to look. */
  public List<Long> processes() {
    try {
      var pidNamespace = Files.readSymbolicLink(Path.of("/proc/" + initPid + "/ns/pid"));
      return ProcessHandle.allProcesses().map(ProcessHandle::pid).filter(pid -> pid != initPid).filter(pid -> {
        try {
          return Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/pid")).equals(pidNamespace);
        } catch (IOException gone) {
          return false; // it ended while we looked
        }
      }).toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    insideNetwork.shutdownNow();
    try {
      holder.getOutputStream().close();
      if (!holder.waitFor(20, TimeUnit.SECONDS)) {
        holder.destroyForcibly();
      }
      if (!Boolean.getBoolean("izolo.test.keep")) {
        deleteTree(root);
      }
    } catch (IOException e) {
      throw new AssertionError("cannot clean up " + root + ": " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Deletes a directory and all in it. */
  public static void deleteTree(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    try (var files = Files.walk(tree)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  /** setns(2) on the calling platform thread, for its life. */
  private static void enterNetwork(Path namespace) {
    final int readOnly = 0;
    final int cloneNewNet = 0x40000000;
    Linker linker = Linker.nativeLinker();
    MethodHandle open = linker.downcallHandle(linker.defaultLookup().find("open").orElseThrow(),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
        Linker.Option.firstVariadicArg(2));
    MethodHandle setns = linker.downcallHandle(linker.defaultLookup().find("setns").orElseThrow(),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    MethodHandle close = linker.downcallHandle(linker.defaultLookup().find("close").orElseThrow(),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom(namespace.toString());
      int fd = (int) open.invokeExact(path, readOnly);
      int entered = fd < 0 ? -1 : (int) setns.invokeExact(fd, cloneNewNet);
      if (fd >= 0) {
        int ignored = (int) close.invokeExact(fd);
      }
      if (entered != 0) {
        throw new IllegalStateException("cannot enter " + namespace);
      }
    } catch (Throwable e) {
      throw new IllegalStateException("cannot enter " + namespace, e);
    }
  }
}
