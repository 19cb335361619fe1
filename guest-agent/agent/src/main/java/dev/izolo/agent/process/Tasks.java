package dev.izolo.agent.process;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** Threads for work that an event starts and that may block, and a timer; none of them exists while idle. */
public final class Tasks {
  private static final long STACK_BYTES = 256 * 1024;
  private static final ExecutorService EXECUTOR = Executors.newCachedThreadPool(new Threads("task"));
  private static final ScheduledThreadPoolExecutor TIMER = newTimer();

  private Tasks() {}

  public static ExecutorService executor() {
    return EXECUTOR;
  }

  /** For actions that do not block. */
  public static ScheduledExecutorService timer() {
    return TIMER;
  }

  /** Runs the action after a time unless it is cancelled before. */
  public static Future<?> after(Duration delay, Runnable action) {
    return TIMER.schedule(action, delay.toNanos(), TimeUnit.NANOSECONDS);
  }

  private static ScheduledThreadPoolExecutor newTimer() {
    ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, new Threads("timer"));
    timer.setRemoveOnCancelPolicy(true);
    timer.setKeepAliveTime(10, TimeUnit.SECONDS);
    timer.allowCoreThreadTimeOut(true);
    return timer;
  }

  private record Threads(String name) implements ThreadFactory {
    @Override
    public Thread newThread(Runnable task) {
      Thread thread = new Thread(null, task, name, STACK_BYTES);
      thread.setDaemon(true);
      return thread;
    }
  }
}
