package dev.izolo.agent.process;

import dev.izolo.agent.linux.Fd;
import dev.izolo.agent.linux.NativeBuffer;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Moves one output descriptor's bytes into its window. While the window is full the descriptor is left alone, so that the
 * writing process blocks as it would on any pipe nobody reads.
 */
public final class OutputPump implements IoLoop.Handler {
  private static final int READS_AT_ONCE = 4;

  private final Fd fd;
  private final OutputWindow window;
  private final IoLoop loop;
  private final AtomicBoolean paused = new AtomicBoolean();
  private IoLoop.Registration registration;
  private boolean endWhenEmpty;
  private boolean ended;

  private OutputPump(Fd fd, OutputWindow window, IoLoop loop) {
    this.fd = fd;
    this.window = window;
    this.loop = loop;
  }

  /** Starts it; the descriptor is the pump's from now on. */
  public static OutputPump start(Fd fd, OutputWindow window, IoLoop loop) throws IOException {
    OutputPump pump = new OutputPump(fd, window, loop);
    pump.registration = loop.register(fd, pump);
    window.onSpace(pump::resume);
    pump.registration.armRead();
    return pump;
  }

  /**
   * What is in the descriptor now is the last of it, though a process that inherited it may hold it open: called when
   * the process the stream belongs to has ended.
   */
  public void endWhenEmpty() {
    loop.execute(
        () -> {
          endWhenEmpty = true;
          resumeHere();
        });
  }

  /** Stops at once. */
  public void close() {
    loop.execute(this::finish);
  }

  @Override
  public void ready(NativeBuffer scratch) throws IOException {
    for (int i = 0; i < READS_AT_ONCE && !ended; i++) {
      int room = window.free();
      if (room == 0) {
        paused.set(true);
        if (window.free() == 0 || !paused.compareAndSet(true, false)) {
          return;
        }
        continue;
      }
      int got = fd.read(scratch, Math.min(room, scratch.size()));
      if (got == Fd.END || (got == Fd.NOTHING_NOW && endWhenEmpty)) {
        finish();
        return;
      }
      if (got == Fd.NOTHING_NOW) {
        break;
      }
      window.append(scratch, got);
    }
    if (ended) {
      return;
    }
    if (endWhenEmpty) {
      loop.execute(this::resumeHere);
    } else {
      registration.armRead();
    }
  }

  @Override
  public void failed(IOException cause) {
    finish();
  }

  private void resume() {
    if (paused.compareAndSet(true, false)) {
      loop.execute(this::resumeHere);
    }
  }

  private void resumeHere() {
    if (ended) {
      return;
    }
    try (NativeBuffer scratch = new NativeBuffer(IoLoop.SCRATCH_BYTES)) {
      ready(scratch);
    } catch (IOException e) {
      failed(e);
    }
  }

  private void finish() {
    if (!ended) {
      ended = true;
      registration.close();
      window.end();
    }
  }
}
