package dev.izolo.state;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;

/**
 * Names of sandboxes or containers that exist or are being made. A second request for a name whose first request is
 * still at work waits for that one and gets its result: the kubelet repeats a call that took too long, and must not be
 * told that its own name is taken.
 */
public final class NameReservations {
  /** Makes what is named, and answers its id. */
  @FunctionalInterface
  public interface Making {
    String make() throws CriException, InterruptedException;
  }

  private record Holder(CompletableFuture<String> id) {}

  private final String kind;
  private final Map<String, Holder> names = new ConcurrentHashMap<>();

  /** @param kind of what is named, for messages: "pod sandbox" */
  public NameReservations(String kind) {
    this.kind = kind;
  }

  /** What a restarted daemon has found. */
  public void restore(String name, String id) {
    names.put(name, new Holder(CompletableFuture.completedFuture(id)));
  }

  /**
   * Makes what is named unless it is being made, and then waits for that. A failed making frees the name; when the call
   * that did the work was cancelled, one that waited takes it over.
   *
   * @throws CriException.AlreadyExists if it exists
   */
  public String makeOrJoin(String name, Making making) throws CriException, InterruptedException {
    while (true) {
      var mine = new Holder(new CompletableFuture<>());
      Holder holder = names.putIfAbsent(name, mine);
      if (holder == null) {
        return make(name, mine, making);
      }
      Optional<String> joined = join(name, holder);
      if (joined.isPresent()) {
        return joined.get();
      }
    }
  }

  private String make(String name, Holder mine, Making making) throws CriException, InterruptedException {
    try {
      String id = making.make();
      mine.id.complete(id);
      return id;
    } catch (CriException | InterruptedException | RuntimeException | Error e) {
      names.remove(name, mine);
      mine.id.completeExceptionally(e);
      throw e;
    }
  }

  private Optional<String> join(String name, Holder holder) throws CriException, InterruptedException {
    if (holder.id.isDone() && !holder.id.isCompletedExceptionally()) {
      throw new CriException.AlreadyExists(
          kind + " name \"" + name + "\" is reserved for \"" + holder.id.join() + "\": remove that first");
    }
    try {
      return Optional.of(holder.id.get());
    } catch (ExecutionException e) {
      return switch (e.getCause()) {
        case InterruptedException _ -> Optional.empty();
        case CriException known -> throw known;
        case Throwable other -> throw new CriException.Internal(kind + " \"" + name + "\": " + other, other);
      };
    }
  }

  /** The name is free again. */
  public void release(String name) {
    names.remove(name);
  }
}
