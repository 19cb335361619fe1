package dev.izolo.agent.process;

import dev.izolo.agent.linux.Fd;
import dev.izolo.agent.linux.Processes;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Starts processes and takes every exit there is, by one thread that blocks in the kernel. Children that nobody claims
 * (orphans that came to the VM's first process) are reaped and forgotten.
 *
 * <p>A process is reaped and its exit announced under one lock, under which signals are sent too: a signal can never reach
 * another process that got the number of one that has ended.
 */
public final class Reaper {
  private final Map<Integer, CompletableFuture<Processes.Exit>> waiting = new HashMap<>();
  private final Map<Integer, Processes.Exit> unclaimed = new HashMap<>();
  private int adoptions;
  private long spawned;
  private Thread thread;

  /** Runs the program that the command names; its exit completes the future that is answered. */
  public Child spawn(List<String> command, List<String> environment, Fd in, Fd out, Fd err) throws IOException {
    return spawn(command.getFirst(), command, environment, in, out, err);
  }

  /** Runs a program under the name that the command gives it; its exit completes the future that is answered. */
  public synchronized Child spawn(
      String program, List<String> command, List<String> environment, Fd in, Fd out, Fd err) throws IOException {
    int pid = Processes.spawn(program, command, environment, in, out, err);
    CompletableFuture<Processes.Exit> exit = new CompletableFuture<>();
    waiting.put(pid, exit);
    spawned++;
    if (thread == null) {
      thread = new Thread(null, this::run, "reaper", 256 * 1024);
      thread.setDaemon(true);
      thread.start();
    }
    notifyAll();
    return new Child(pid, exit);
  }

  /** A process started here or adopted. */
  public record Child(int pid, CompletableFuture<Processes.Exit> exit) {}

  /**
   * Announces that a process will be adopted whose number is not yet known, the child of a program that ends before it:
   * exits of unknown children are kept until {@link Adoption#close()}.
   */
  public synchronized Adoption expectAdoption() {
    adoptions++;
    return new Adoption();
  }

  /** The time in which a process's number is learned. */
  public final class Adoption implements AutoCloseable {
    private boolean closed;

    /** Waits for the process from now on; it may have ended already. */
    public Child adopt(int pid) {
      synchronized (Reaper.this) {
        CompletableFuture<Processes.Exit> exit = new CompletableFuture<>();
        Processes.Exit ended = unclaimed.remove(pid);
        if (ended != null) {
          exit.complete(ended);
        } else {
          waiting.put(pid, exit);
        }
        return new Child(pid, exit);
      }
    }

    @Override
    public void close() {
      synchronized (Reaper.this) {
        if (!closed) {
          closed = true;
          if (--adoptions == 0) {
            unclaimed.clear();
          }
        }
      }
    }
  }

  /** Signals a process that is waited for; false when it has ended. */
  public synchronized boolean signal(int pid, int signal) throws IOException {
    return waiting.containsKey(pid) && Processes.signal(pid, signal);
  }

  /** Signals the session a spawned process leads, which ends when its leader is reaped as far as this agent goes. */
  public synchronized void signalGroup(int pid, int signal) throws IOException {
    if (waiting.containsKey(pid)) {
      Processes.signal(-pid, signal);
    }
  }

  private void run() {
    try {
      while (true) {
        long before = spawnCount();
        int pid = Processes.awaitAnyExit();
        if (pid == 0) {
          awaitSpawnAfter(before);
        } else {
          take(pid);
        }
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException("the agent can no longer wait for processes", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Every process of a VM descends from its first one, so none can appear before the next is started here. */
  private synchronized void awaitSpawnAfter(long count) throws InterruptedException {
    while (spawned == count) {
      wait();
    }
  }

  private synchronized long spawnCount() {
    return spawned;
  }

  private void take(int pid) throws IOException {
    CompletableFuture<Processes.Exit> waiter;
    Processes.Exit exit;
    synchronized (this) {
      exit = Processes.reap(pid);
      waiter = waiting.remove(pid);
      if (waiter == null && adoptions > 0) {
        unclaimed.put(pid, exit);
      }
    }
    if (waiter != null) {
      // Whoever waits may do more than this thread has time for.
      waiter.completeAsync(() -> exit, Tasks.executor());
    }
  }
}
