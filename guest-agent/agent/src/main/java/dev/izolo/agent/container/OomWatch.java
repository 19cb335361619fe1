package dev.izolo.agent.container;

import dev.izolo.agent.linux.FileWatch;
import dev.izolo.agent.linux.NativeBuffer;
import dev.izolo.agent.process.IoLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Tells when the kernel kills a process of a container for want of memory, by the kernel's own notice. */
final class OomWatch implements IoLoop.Handler {
  private final Cgroups cgroups;
  private final IoLoop loop;
  private final Consumer<String> onKill;
  private final Map<Integer, String> containers = new ConcurrentHashMap<>();
  private final Map<String, Long> seen = new ConcurrentHashMap<>();
  private FileWatch watch;
  private IoLoop.Registration registration;

  /** @param onKill called with the container's id, on the descriptor loop's thread */
  OomWatch(Cgroups cgroups, IoLoop loop, Consumer<String> onKill) {
    this.cgroups = cgroups;
    this.loop = loop;
    this.onKill = onKill;
  }

  /** Watches a container that has just been started; one whose group is gone already has nothing to watch. */
  synchronized void add(String containerId) throws IOException {
    Path events = cgroups.directory(containerId).resolve("memory.events");
    if (!Files.exists(events)) {
      return;
    }
    if (watch == null) {
      watch = new FileWatch();
      registration = loop.register(watch.fd(), this);
      registration.armRead();
    }
    seen.put(containerId, 0L);
    containers.put(watch.add(events.toString()), containerId);
    check(containerId);
  }

  synchronized void remove(String containerId) throws IOException {
    seen.remove(containerId);
    for (Map.Entry<Integer, String> entry : containers.entrySet()) {
      if (entry.getValue().equals(containerId)) {
        containers.remove(entry.getKey());
        watch.remove(entry.getKey());
      }
    }
  }

  @Override
  public void ready(NativeBuffer scratch) throws IOException {
    for (int key : watch.changed()) {
      String containerId = containers.get(key);
      if (containerId != null) {
        check(containerId);
      }
    }
    registration.armRead();
  }

  @Override
  public void failed(IOException cause) {
    System.err.println("izolo-agent: out-of-memory kills are no longer watched: " + cause.getMessage());
    registration.close();
  }

  private void check(String containerId) {
    long kills = cgroups.oomKills(containerId);
    Long before = seen.get(containerId);
    if (before != null && kills > before && seen.replace(containerId, before, kills)) {
      onKill.accept(containerId);
    }
  }
}
