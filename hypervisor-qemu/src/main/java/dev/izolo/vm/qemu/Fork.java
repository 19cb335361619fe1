package dev.izolo.vm.qemu;

import dev.izolo.vm.VmException;
import dev.izolo.vm.qmp.QmpException;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** A part of an operation that runs beside the rest of it, on a thread of its own that never outlives the operation. */
final class Fork<T> {
  private final FutureTask<T> task;
  private final Thread thread;

  Fork(String name, Callable<T> work) {
    task = new FutureTask<>(work);
    thread = Thread.ofPlatform().daemon().name(name).start(task);
  }

  /** Its result, or its failure as itself. */
  T join() throws VmException, QmpException, IOException, InterruptedException {
    try {
      return task.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case VmException vm -> throw vm;
        case QmpException qmp -> throw qmp;
        case IOException io -> throw io;
        case InterruptedException interrupted -> throw interrupted;
        case RuntimeException unchecked -> throw unchecked;
        case Error error -> throw error;
        default -> throw new AssertionError("no part of an operation throws this", e.getCause());
      }
    }
  }

  /** Makes it end: interrupted if it still runs, and not waited for longer than it takes to notice. */
  void cancel() {
    thread.interrupt();
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether it has come to an end with a result. */
  boolean succeeded() {
    return task.state() == FutureTask.State.SUCCESS;
  }

  /** What it came to; only after {@link #succeeded}. */
  T result() {
    return task.resultNow();
  }
}
