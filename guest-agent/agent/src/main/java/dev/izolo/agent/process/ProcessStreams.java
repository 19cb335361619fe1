package dev.izolo.agent.process;

import dev.izolo.agent.linux.Fd;
import dev.izolo.agent.linux.Terminal;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The agent's side of one process's streams. The output windows exist before the process does. */
public final class ProcessStreams {
  private final OutputWindow stdout = new OutputWindow(OutputWindow.DEFAULT_CAPACITY);
  private final OutputWindow stderr = new OutputWindow(OutputWindow.DEFAULT_CAPACITY);
  private final List<OutputPump> pumps = new CopyOnWriteArrayList<>();
  private volatile InputPipe input;
  private Fd terminal;

  public OutputWindow stdout() {
    return stdout;
  }

  /** With a terminal there is only one output stream, and this one is empty. */
  public OutputWindow stderr() {
    return stderr;
  }

  /** Null when the process has no input, or none yet. */
  public InputPipe input() {
    return input;
  }

  void input(InputPipe pipe) {
    input = pipe;
  }

  void pump(OutputPump pump) {
    pumps.add(pump);
  }

  /** Takes over the master side of the process's terminal: its one output, and its input if it has one. */
  public void connectTerminal(Fd master, boolean stdin, IoLoop loop) throws IOException {
    synchronized (this) {
      terminal = master.duplicate();
    }
    if (stdin) {
      input = InputPipe.open(master.duplicate(), loop);
    }
    pumps.add(OutputPump.start(master, stdout, loop));
    stderr.end();
  }

  /** False when the process has no terminal. */
  public synchronized boolean resize(int columns, int rows) throws IOException {
    if (terminal == null) {
      return false;
    }
    Terminal.resize(terminal, columns, rows);
    return true;
  }

  /** The process has ended: what its streams hold now is all there is. */
  public void processEnded() {
    pumps.forEach(OutputPump::endWhenEmpty);
    closeInput();
    closeTerminal();
  }

  /** There will be no process. */
  public void neverStarted() {
    stdout.end();
    stderr.end();
  }

  /** There will be no process, and the reader of its stderr is told why. */
  public void fail(String message) {
    byte[] bytes = message.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    stderr.append(bytes.length <= stderr.free() ? bytes : java.util.Arrays.copyOf(bytes, stderr.free()));
    neverStarted();
  }

  /** Forgets all of it. */
  public void close() {
    pumps.forEach(OutputPump::close);
    stdout.close();
    stderr.close();
    closeInput();
    closeTerminal();
  }

  public void closeInput() {
    InputPipe pipe = input;
    if (pipe != null) {
      pipe.close();
    }
  }

  private synchronized void closeTerminal() {
    if (terminal != null) {
      terminal.close();
      terminal = null;
    }
  }
}
