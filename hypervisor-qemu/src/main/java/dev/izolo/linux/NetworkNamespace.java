package dev.izolo.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;

/** Enters network namespaces (setns(2)). */
public final class NetworkNamespace {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final CFunction SETNS = CFunction.of("setns", 2);

  private NetworkNamespace() {}

  /** What is done in a namespace. */
  @FunctionalInterface
  public interface Work<T> {
    T run() throws IOException;
  }

  /**
   * Does the work on a thread that is in the namespace, as are the sockets and devices it opens and the settings beneath
   * /proc/sys/net that it sees. The work is not interrupted.
   *
   * @param namespace the namespace's file
   * @param abandoned gets the result if the caller is interrupted and so cannot have it
   */
  public static <T> T call(Path namespace, Work<T> work, Consumer<T> abandoned)
      throws IOException, InterruptedException {
    // A thread's network namespace is its own, and cannot be trusted to be set back: the thread ends with the call.
    var result = new CompletableFuture<T>();
    Thread.ofPlatform()
        .name("in-" + namespace.getFileName())
        .start(
            () -> {
              try {
                enter(namespace);
                result.complete(work.run());
              } catch (Throwable t) {
                result.completeExceptionally(t);
              }
            });
    try {
      return result.get();
    } catch (InterruptedException e) {
      result.thenAccept(abandoned);
      throw e;
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException io -> throw io;
        case RuntimeException unchecked -> throw unchecked;
        default -> throw Libc.unexpected(e.getCause());
      }
    }
  }

  private static void enter(Path namespace) throws ErrnoException {
    try (Arena arena = Arena.ofConfined();
        Fd target = Fd.open(namespace, Fd.O_RDONLY)) {
      MemorySegment state = Libc.callState(arena);
      int entered = (int) SETNS.call(state, target.number(), CLONE_NEWNET);
      Libc.check(entered, state, "enter network namespace " + namespace);
    }
  }
}
