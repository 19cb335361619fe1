package dev.izolo.cri;

import io.grpc.Context;

/**
 * Interrupts the thread that made it when its call's context is cancelled, and never after it is closed: the thread
 * goes on to other work.
 */
final class Interrupter implements AutoCloseable {
  private final Thread thread = Thread.currentThread();
  private final Context context;
  private final Context.CancellationListener listener = cancelled -> interrupt();
  private boolean closed;

  /** From here on the calling thread is interrupted; at once, if the context is cancelled already. */
  Interrupter(Context context) {
    this.context = context;
    context.addListener(listener, Runnable::run);
  }

  /** Interrupts the call for a reason of the server's own. */
  synchronized void interrupt() {
    if (!closed) {
      thread.interrupt();
    }
  }

  @Override
  public void close() {
    context.removeListener(listener);
    synchronized (this) {
      closed = true;
    }
    // What came between the body's end and here concerns nobody any more.
    Thread.interrupted();
  }
}
