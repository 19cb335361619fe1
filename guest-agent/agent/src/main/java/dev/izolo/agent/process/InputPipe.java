package dev.izolo.agent.process;

import dev.izolo.agent.linux.Fd;
import dev.izolo.agent.linux.NativeBuffer;
import java.io.IOException;

/** Writes to a process's input without holding up a thread while the process does not read. */
public final class InputPipe implements IoLoop.Handler {
  private final Fd fd;
  private IoLoop.Registration registration;
  private byte[] pending;
  private int done;
  private Completion completion;
  private boolean closed;

  /** Told once when a write is through: all of it is in the pipe, or the process does not read any more. */
  public interface Completion {
    void written(boolean stillOpen);
  }

  private InputPipe(Fd fd) {
    this.fd = fd;
  }

  /** Takes over a writable descriptor. */
  public static InputPipe open(Fd fd, IoLoop loop) throws IOException {
    InputPipe pipe = new InputPipe(fd);
    pipe.registration = loop.register(fd, pipe);
    return pipe;
  }

  /** One write at a time: the next one may start when this one's completion was called. */
  public void write(byte[] data, Completion whenDone) throws IOException {
    synchronized (this) {
      if (!closed) {
        if (pending != null) {
          throw new IllegalStateException("a write is under way already");
        }
        if (data.length > 0) {
          pending = data;
          done = 0;
          completion = whenDone;
          registration.armWrite();
          return;
        }
      }
    }
    whenDone.written(!isClosed());
  }

  public synchronized boolean isClosed() {
    return closed;
  }

  /** The process reads the end of its input after what was written. */
  public void close() {
    Completion waiting;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      waiting = completion;
      completion = null;
      pending = null;
      registration.close();
    }
    if (waiting != null) {
      waiting.written(false);
    }
  }

  @Override
  public void ready(NativeBuffer scratch) throws IOException {
    Completion finished;
    synchronized (this) {
      if (pending == null) {
        return;
      }
      while (done < pending.length) {
        int part = Math.min(pending.length - done, scratch.size());
        scratch.put(0, pending, done, part);
        int put = fd.write(scratch, part);
        if (put == Fd.NOTHING_NOW) {
          registration.armWrite();
          return;
        }
        done += put;
      }
      pending = null;
      finished = completion;
      completion = null;
    }
    finished.written(true);
  }

  /** The process has closed its end, or the terminal is gone: input is of no more use, which is no error of anyone's. */
  @Override
  public void failed(IOException cause) {
    close();
  }
}
