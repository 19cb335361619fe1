package dev.izolo.image.layer;

import dev.izolo.image.erofs.WriteBuffers;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * The memory that one conversion at a time works in.
 *
 * @param chunk a piece of a file's data between tar and image
 */
record Workspace(WriteBuffers image, byte[] chunk) {
  private static final int CHUNK_BYTES = 64 * 1024;

  private static Workspace fresh() {
    return new Workspace(new WriteBuffers(), new byte[CHUNK_BYTES]);
  }

  /** Workspaces that wait to be used again: never more than there were conversions at the same time. */
  static final class Pool {
    private final ConcurrentLinkedDeque<Workspace> idle = new ConcurrentLinkedDeque<>();

    /** One that is the caller's alone until it is given back. */
    Workspace take() {
      Workspace used = idle.pollLast();
      return used != null ? used : fresh();
    }

    void giveBack(Workspace workspace) {
      idle.addLast(workspace);
    }
  }
}
