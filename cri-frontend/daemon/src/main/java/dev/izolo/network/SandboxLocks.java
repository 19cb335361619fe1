package dev.izolo.network;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** One lock per sandbox, kept only while somebody holds or awaits it. */
final class SandboxLocks {
  private static final class Entry {
    final ReentrantLock lock = new ReentrantLock();
    int users;
  }

  /** A held lock. */
  interface Held extends AutoCloseable {
    @Override
    void close();
  }

  private final Map<String, Entry> entries = new HashMap<>();

  Held acquire(String sandboxId) throws InterruptedException {
    Entry entry;
    synchronized (entries) {
      entry = entries.computeIfAbsent(sandboxId, id -> new Entry());
      entry.users++;
    }
    try {
      entry.lock.lockInterruptibly();
    } catch (InterruptedException e) {
      leave(sandboxId, entry);
      throw e;
    }
    return () -> {
      entry.lock.unlock();
      leave(sandboxId, entry);
    };
  }

  private void leave(String sandboxId, Entry entry) {
    synchronized (entries) {
      if (--entry.users == 0) {
        entries.remove(sandboxId);
      }
    }
  }

  int size() {
    synchronized (entries) {
      return entries.size();
    }
  }
}
