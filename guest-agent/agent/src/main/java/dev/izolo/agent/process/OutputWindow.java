package dev.izolo.agent.process;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.linux.NativeBuffer;

/**
 * The unacknowledged bytes of one output stream. A producer appends while there is room; one reader at a time takes
 * pieces from an offset on and acknowledges what it has kept, which makes room. A new reader takes the stream over from
 * the one before and starts at an offset of its own within the window: nothing is lost or repeated across readers.
 */
public final class OutputWindow {
  public static final int DEFAULT_CAPACITY = 256 * 1024;

  private static final int FIRST_BYTES = 4096;

  /**
   * A piece of the stream.
   *
   * @param eof nothing follows; the data may then be empty
   */
  public record Chunk(long offset, byte[] data, boolean eof) {}

  /** Told, on any thread and outside any lock, what happened to a reader. */
  public interface Listener {
    /** There may be something to take. */
    void readable();

    /** Another reader has taken over. */
    void superseded();

    /** The stream's process was forgotten. */
    void closed();
  }

  /** One reader's place in the stream. */
  public final class Reader {
    private final Listener listener;
    private long position;
    private boolean eofTaken;

    private Reader(Listener listener, long position) {
      this.listener = listener;
      this.position = position;
    }

    /** The next piece of at most that many bytes, or null if there is none now or the reader is no longer current. */
    public Chunk take(int maxBytes) {
      synchronized (OutputWindow.this) {
        if (current != this || eofTaken) {
          return null;
        }
        int count = (int) Math.min(maxBytes, end - position);
        boolean last = ended && position + count == end;
        if (count == 0 && !last) {
          return null;
        }
        byte[] data = new byte[count];
        copyOut(position, data);
        Chunk chunk = new Chunk(position, data, last);
        position += count;
        eofTaken = last;
        return chunk;
      }
    }

    /** Everything before the offset may be forgotten. What was never sent cannot be acknowledged. */
    public void acknowledge(long offset) {
      Runnable notify = null;
      synchronized (OutputWindow.this) {
        if (current != this) {
          return;
        }
        if (offset > position) {
          throw new AgentException.OutOfRange(
              "acknowledged " + offset + " bytes of a stream of which " + position + " were sent");
        }
        notify = forget(offset);
      }
      if (notify != null) {
        notify.run();
      }
    }

    /** Everything taken so far may be forgotten. */
    public void acknowledgeSent() {
      acknowledge(position());
    }

    private long position() {
      synchronized (OutputWindow.this) {
        return position;
      }
    }

    /** The reader is gone; the bytes it has not acknowledged stay. */
    public void detach() {
      synchronized (OutputWindow.this) {
        if (current == this) {
          current = null;
        }
      }
    }
  }

  private final int capacity;
  private byte[] ring = new byte[0];
  private long base;
  private long end;
  private boolean ended;
  private boolean closed;
  private Reader current;
  private Runnable onSpace = () -> {};

  public OutputWindow(int capacity) {
    this.capacity = capacity;
  }

  /** What to run when a full window has room again. */
  public synchronized void onSpace(Runnable action) {
    onSpace = action;
  }

  /** How many bytes may be appended now. */
  public synchronized int free() {
    return closed ? capacity : capacity - (int) (end - base);
  }

  /** Appends at most {@link #free()} bytes; what comes after the window was closed is dropped. */
  public void append(NativeBuffer from, int length) {
    byte[] bytes = new byte[length];
    from.get(0, bytes, 0, length);
    append(bytes);
  }

  void append(byte[] bytes) {
    Reader reader;
    synchronized (this) {
      if (closed) {
        return;
      }
      if (ended || bytes.length > capacity - (end - base)) {
        throw new IllegalStateException("no room for " + bytes.length + " bytes");
      }
      grow((int) (end - base) + bytes.length);
      copyIn(end, bytes);
      end += bytes.length;
      reader = current;
    }
    if (reader != null) {
      reader.listener.readable();
    }
  }

  /** The stream has ended. */
  public void end() {
    Reader reader;
    synchronized (this) {
      if (ended) {
        return;
      }
      ended = true;
      reader = current;
    }
    if (reader != null) {
      reader.listener.readable();
    }
  }

  /** A new reader from an offset within the window; it acknowledges what is before. The one before is superseded. */
  public Reader attach(long offset, Listener listener) {
    Reader previous;
    Reader reader;
    Runnable notify;
    synchronized (this) {
      if (closed) {
        throw new AgentException.NotFound("the stream's process was removed");
      }
      if (offset < base || offset > end) {
        throw new AgentException.OutOfRange(
            "offset " + offset + " is outside of what is kept, " + base + " to " + end);
      }
      previous = current;
      reader = new Reader(listener, offset);
      current = reader;
      notify = forget(offset);
    }
    if (previous != null) {
      previous.listener.superseded();
    }
    if (notify != null) {
      notify.run();
    }
    return reader;
  }

  /** Forgets everything; a producer may go on and is not held up. */
  public void close() {
    Reader reader;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      reader = current;
      current = null;
      ring = new byte[0];
    }
    if (reader != null) {
      reader.listener.closed();
    }
    onSpace.run();
  }

  /** True when the stream has ended and a reader has kept all of it. */
  public synchronized boolean finished() {
    return ended && base == end;
  }

  private Runnable forget(long offset) {
    if (offset <= base) {
      return null;
    }
    boolean wasFull = end - base == capacity;
    base = offset;
    if (base == end && ring.length > FIRST_BYTES) {
      // An idle stream holds no memory to speak of.
      ring = new byte[0];
    }
    return wasFull ? onSpace : null;
  }

  private void grow(int needed) {
    if (needed <= ring.length) {
      return;
    }
    int size = Math.max(FIRST_BYTES, ring.length);
    while (size < needed) {
      size *= 2;
    }
    byte[] larger = new byte[Math.min(size, capacity)];
    byte[] kept = new byte[(int) (end - base)];
    copyOut(base, kept);
    ring = larger;
    copyIn(base, kept);
  }

  private void copyIn(long at, byte[] from) {
    if (from.length == 0) {
      return;
    }
    int start = (int) (at % ring.length);
    int first = Math.min(from.length, ring.length - start);
    System.arraycopy(from, 0, ring, start, first);
    System.arraycopy(from, first, ring, 0, from.length - first);
  }

  private void copyOut(long at, byte[] into) {
    if (into.length == 0) {
      return;
    }
    int start = (int) (at % ring.length);
    int first = Math.min(into.length, ring.length - start);
    System.arraycopy(ring, start, into, 0, first);
    System.arraycopy(ring, 0, into, first, into.length - first);
  }
}
