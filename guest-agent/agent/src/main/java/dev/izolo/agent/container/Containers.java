package dev.izolo.agent.container;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.AgentPaths;
import dev.izolo.agent.Programs;
import dev.izolo.agent.linux.Processes;
import dev.izolo.agent.linux.RootedFiles;
import dev.izolo.agent.process.IoLoop;
import dev.izolo.agent.process.Reaper;
import dev.izolo.agent.storage.RootfsProvider;
import dev.izolo.agent.v1.CreateContainerRequest;
import dev.izolo.agent.v1.Event;
import dev.izolo.agent.v1.OutOfMemory;
import dev.izolo.agent.v1.PidNamespace;
import dev.izolo.agent.v1.ProcessExit;
import dev.izolo.agent.v1.ResolvedUser;
import dev.izolo.agent.v1.UserSelection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** The life of containers: create, start, signal, update, remove. */
public final class Containers {
  private static final int MAX_DATABASE_BYTES = 1 << 20;
  private static final long REMOVAL_SECONDS = 10;
  private static final int SIGKILL = 9;
  private static final int MAX_SIGNAL = 64;

  private final AgentPaths paths;
  private final Reaper reaper;
  private final RootfsProvider roots;
  private final Cgroups cgroups;
  private final Function<String, Path> programs;
  private final ContainerRegistry registry = new ContainerRegistry();
  private final Map<String, OciRuntime> runtimes = new ConcurrentHashMap<>();
  private final PodPidNamespace podPids;
  private final Launcher launcher;
  private final OomWatch oom;
  private final Execs execs;

  /** @param programs where the OCI runtimes are; {@link Programs#find} but in tests and training */
  public Containers(AgentPaths paths, Reaper reaper, IoLoop loop, RootfsProvider roots, Cgroups cgroups,
      Function<String, Path> programs) {
    this.paths = paths;
    this.reaper = reaper;
    this.roots = roots;
    this.cgroups = cgroups;
    this.programs = programs;
    this.podPids = new PodPidNamespace(reaper);
    this.launcher = new Launcher(reaper, loop, paths.sockets());
    this.oom = new OomWatch(cgroups, loop, this::outOfMemory);
    this.execs = new Execs(registry, launcher, cgroups);
  }

  public ContainerRegistry registry() {
    return registry;
  }

  public Execs execs() {
    return execs;
  }

  /** Mounts the root and writes the bundle; nothing of the container is left on an error. */
  public ResolvedUser create(CreateContainerRequest request) {
    String id = Ids.check("container id", request.getContainerId());
    Container container = new Container(id, paths.container(id), runtime(request.getOciRuntime()),
        request.getPidNamespace(), request.getTerminal(), request.getStdin(), request.getStdinOnce());
    synchronized (container) {
      registry.add(container);
      try {
        Files.createDirectories(container.directory());
        container.root(roots.mount(request.getLayersList(), request.getScratch(), container.directory()));
        UserGrammar.Identity user = user(container.root().path(), request.getUser());
        Map<String, Object> spec = parse(request.getOciSpecJson());
        try {
          Bundle.complete(spec, container.root().path().toString(), request.getReadonlyRootfs(),
              request.getTerminal(), user, cgroups.specPath(id), pidNamespacePath(request));
        } catch (IOException e) {
          throw new AgentException.Invalid("the OCI spec of container " + id + ": " + e.getMessage(), e);
        }
        Json.write(container.directory().resolve("config.json"), spec);
        container.complete(spec);
        return ResolvedUser.newBuilder().setUid(user.uid()).setGid(user.gid())
            .addAllSupplementalGids(user.additionalGids()).build();
      } catch (IOException | RuntimeException e) {
        discard(container, e);
        throw e instanceof RuntimeException known ? known
            : new AgentException.Failed("create container " + id, e);
      }
    }
  }

  private void discard(Container container, Exception cause) {
    try {
      if (container.root() != null) {
        container.root().unmount();
      }
      deleteDirectory(container);
    } catch (IOException | RuntimeException cleanup) {
      cause.addSuppressed(cleanup);
    }
    registry.remove(container.id());
  }

  private static Map<String, Object> parse(String json) {
    try {
      return Json.parseObject(json);
    } catch (IOException e) {
      throw new AgentException.Invalid("the container's OCI spec is no JSON object: " + e.getMessage(), e);
    }
  }

  private OciRuntime runtime(String name) {
    String wanted = name.isEmpty() ? "runc" : name;
    if (!wanted.equals("runc") && !wanted.equals("crun")) {
      throw new AgentException.Invalid("no OCI runtime \"" + wanted + "\": the guest has runc and crun");
    }
    return runtimes.computeIfAbsent(wanted, key -> {
      Path program = programs.apply(key);
      if (program == null) {
        throw new AgentException.Refused("the guest image was built without " + key);
      }
      return new OciRuntime(program, paths.runtimeState(), reaper);
    });
  }

  private static UserGrammar.Identity user(Path root, UserSelection selection) throws IOException {
    UserDatabase database = UserDatabase.parse(text(root, "etc/passwd"), text(root, "etc/group"));
    return UserGrammar.resolve(selection.getUser(), database,
        selection.hasGid() ? Optional.of(selection.getGid()) : Optional.empty(),
        selection.getSupplementalGidsList(), selection.getStrictSupplementalGroups());
  }

  private static String text(Path root, String path) {
    try {
      byte[] bytes = RootedFiles.read(root, path, MAX_DATABASE_BYTES);
      return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AgentException.Invalid("the image's /" + path + " cannot be read: " + e.getMessage(), e);
    }
  }

  private String pidNamespacePath(CreateContainerRequest request) throws IOException {
    return switch (request.getPidNamespace()) {
      case PID_NAMESPACE_CONTAINER -> "";
      case PID_NAMESPACE_POD -> podPids.path();
      case PID_NAMESPACE_TARGET -> {
        Container target = registry.get(request.getPidNamespaceTarget());
        if (!target.running()) {
          throw new AgentException.Refused(
              "container " + target.id() + ", whose processes are to be shared, does not run");
        }
        yield "/proc/" + target.init().pid() + "/ns/pid";
      }
      case PID_NAMESPACE_UNSPECIFIED, UNRECOGNIZED -> null;
    };
  }

  /** Runs the container's first process and answers its number. */
  public int start(String id) {
    Container container = registry.get(id);
    synchronized (container) {
      requireUsable(container);
      if (container.startAttempted()) {
        throw new AgentException.Refused("container " + id + " was started before");
      }
      container.markStartAttempted();
      ManagedProcess init = container.init();
      try {
        var exit = launcher.launch(init, container.directory().resolve("init.pid"), container.terminal(),
            (pidFile, console, stdio) ->
                container.runtime().run(id, container.directory(), pidFile, console, stdio));
        oom.add(id);
        exit.thenAccept(how -> ended(container, how));
        return init.pid();
      } catch (OciRuntime.RuntimeFailure e) {
        init.streams().neverStarted();
        cleanAfterFailedStart(container);
        throw new AgentException.Refused(e.getMessage(), e);
      } catch (IOException e) {
        init.streams().neverStarted();
        cleanAfterFailedStart(container);
        throw new AgentException.Failed("start container " + id, e);
      }
    }
  }

  private void cleanAfterFailedStart(Container container) {
    try {
      cgroups.kill(container.id(), "");
      container.runtime().delete(container.id(), container.directory());
    } catch (IOException | OciRuntime.RuntimeFailure e) {
      // Removal does it again and reports; the caller needs the first failure, not this one.
      System.err.println("izolo-agent: after a failed start of " + container.id() + ": " + e.getMessage());
    }
  }

  private void ended(Container container, Processes.Exit how) {
    if (container.pidNamespace() != PidNamespace.PID_NAMESPACE_CONTAINER) {
      // Its namespace outlives it, and so would processes it left.
      killAll(container);
    }
    ProcessExit exit = ProcessExit.newBuilder().setExitCode(how.code()).setExitedAtUnixNanos(Clock.unixNanos())
        .setOomKilled(how.code() != 0 && cgroups.oomKills(container.id()) > 0).build();
    container.init().streams().processEnded();
    registry.events().publish(() -> container.init().ended(exit),
        ContainerRegistry.exited(container.init().id(), exit));
    synchronized (container.init()) {
      container.init().notifyAll();
    }
  }

  private void killAll(Container container) {
    try {
      cgroups.kill(container.id(), "");
    } catch (IOException e) {
      System.err.println("izolo-agent: ending all of " + container.id() + ": " + e.getMessage());
    }
  }

  private void outOfMemory(String id) {
    registry.events().publish(() -> {},
        Event.newBuilder().setOutOfMemory(OutOfMemory.newBuilder().setContainerId(id)).build());
  }

  /** Signals a container's process, or every one of its processes; what has ended is not an error. */
  public void signal(dev.izolo.agent.v1.ProcessId id, int signal, boolean all) {
    if (signal < 1 || signal > MAX_SIGNAL) {
      throw new AgentException.Invalid("there is no signal " + signal);
    }
    ManagedProcess process = registry.process(id);
    try {
      if (all && signal == SIGKILL) {
        cgroups.kill(id.getContainerId(), "");
      } else if (all) {
        for (int pid : cgroups.processes(id.getContainerId())) {
          Processes.signal(pid, signal);
        }
      } else if (process.pid() != 0) {
        reaper.signal(process.pid(), signal);
      }
    } catch (IOException e) {
      throw new AgentException.Failed("signal container " + id.getContainerId(), e);
    }
  }

  /** Changes a running container's limits. */
  public void update(String id, String resources) {
    Container container = registry.get(id);
    synchronized (container) {
      if (!container.running()) {
        throw new AgentException.Refused("container " + id + " does not run");
      }
      Path file = container.directory().resolve("resources.json");
      Map<String, Object> parsed = parse(resources);
      try {
        Json.write(file, parsed);
        container.runtime().update(id, container.directory(), file);
      } catch (OciRuntime.RuntimeFailure e) {
        throw new AgentException.Refused(e.getMessage(), e);
      } catch (IOException e) {
        throw new AgentException.Failed("update container " + id, e);
      }
    }
  }

  /** Ends what runs, takes the root down, forgets. Can be repeated after an error; unknown ids are fine. */
  public void remove(String id) {
    Container container = registry.find(id);
    if (container == null) {
      return;
    }
    synchronized (container) {
      if (registry.find(id) != container) {
        return;
      }
      container.markRemoving();
      try {
        oom.remove(id);
        if (container.startAttempted()) {
          cgroups.kill(id, "");
          awaitExit(container);
          if (cgroups.populated(id)) {
            container.runtime().delete(id, container.directory());
          } else {
            container.runtime().forget(id);
          }
          cgroups.remove(id);
        }
        container.root().unmount();
        deleteDirectory(container);
      } catch (IOException | OciRuntime.RuntimeFailure e) {
        throw new AgentException.Failed("remove container " + id, e);
      }
      container.init().streams().close();
      container.execs().forEach(exec -> exec.streams().close());
      registry.remove(id);
    }
  }

  private static void awaitExit(Container container) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(REMOVAL_SECONDS);
    ManagedProcess init = container.init();
    synchronized (init) {
      while (container.running()) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          throw new AgentException.Failed("process " + init.pid() + " of container " + container.id()
              + " did not end within " + REMOVAL_SECONDS + " s of SIGKILL");
        }
        try {
          init.wait(left);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new AgentException.Failed("interrupted while removing container " + container.id());
        }
      }
    }
  }

  private static void requireUsable(Container container) {
    if (container.removing() || container.spec() == null) {
      throw new AgentException.Refused("container " + container.id() + " is being removed");
    }
  }

  private static void deleteDirectory(Container container) throws IOException {
    // Only files of the agent's own are left here: everything mounted was unmounted before.
    try (var files = Files.newDirectoryStream(container.directory())) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    } catch (java.nio.file.NoSuchFileException e) {
      return;
    }
    Files.deleteIfExists(container.directory());
  }
}
