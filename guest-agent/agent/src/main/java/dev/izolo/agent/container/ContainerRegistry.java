package dev.izolo.agent.container;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.v1.Event;
import dev.izolo.agent.v1.ProcessExited;
import dev.izolo.agent.v1.ProcessId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;

/** The containers and processes there are. */
public final class ContainerRegistry {
  private final Map<String, Container> containers = new ConcurrentSkipListMap<>();
  private final Events events = new Events();

  void add(Container container) {
    if (containers.putIfAbsent(container.id(), container) != null) {
      throw new AgentException.Exists("container " + container.id() + " exists");
    }
  }

  void remove(String id) {
    containers.remove(id);
  }

  /** Null if there is none. */
  Container find(String id) {
    return containers.get(Ids.check("container id", id));
  }

  Container get(String id) {
    Container container = find(id);
    if (container == null) {
      throw new AgentException.NotFound("no container " + id);
    }
    return container;
  }

  List<Container> all() {
    return new ArrayList<>(containers.values());
  }

  public List<dev.izolo.agent.v1.ContainerState> states() {
    return containers.values().stream().map(Container::state).toList();
  }

  /** A container's first process, or one of its further ones. */
  public ManagedProcess process(ProcessId id) {
    Container container = get(id.getContainerId());
    if (id.getExecId().isEmpty()) {
      return container.init();
    }
    ManagedProcess process = container.exec(Ids.check("exec id", id.getExecId()));
    if (process == null) {
      throw new AgentException.NotFound("container " + container.id() + " has no process " + id.getExecId());
    }
    return process;
  }

  Events events() {
    return events;
  }

  /** Every exit of a process still listed, then each exit and out-of-memory kill as it happens. */
  public void watch(Consumer<Event> watcher) {
    events.watch(this::exits, watcher);
  }

  public void unwatch(Consumer<Event> watcher) {
    events.unwatch(watcher);
  }

  private List<Event> exits() {
    List<Event> exits = new ArrayList<>();
    for (Container container : containers.values()) {
      addExit(exits, container.init());
      container.execs().forEach(exec -> addExit(exits, exec));
    }
    return exits;
  }

  private static void addExit(List<Event> exits, ManagedProcess process) {
    if (process.exit() != null) {
      exits.add(exited(process.id(), process.exit()));
    }
  }

  static Event exited(ProcessId id, dev.izolo.agent.v1.ProcessExit exit) {
    return Event.newBuilder().setExited(ProcessExited.newBuilder().setProcess(id).setExit(exit)).build();
  }
}
