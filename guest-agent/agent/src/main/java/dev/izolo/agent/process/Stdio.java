package dev.izolo.agent.process;

import dev.izolo.agent.linux.Fd;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The standard descriptors of a process about to run: the child's ends, given away and then closed here, and the agent's
 * ends. Without a terminal these are pipes; with one, nothing until the runtime hands over the terminal's master side.
 */
public final class Stdio implements AutoCloseable {
  private final List<Fd> childEnds = new ArrayList<>();
  private final List<Fd> ownEnds = new ArrayList<>();
  private Fd in;
  private Fd out;
  private Fd err;
  private Fd stdinWriter;
  private Fd stdoutReader;
  private Fd stderrReader;

  private Stdio() {}

  public static Stdio open(boolean terminal, boolean stdin) throws IOException {
    Stdio stdio = new Stdio();
    try {
      if (terminal) {
        Fd none = stdio.childEnd(Fd.openReadWrite("/dev/null"));
        stdio.in = none;
        stdio.out = none;
        stdio.err = none;
        return stdio;
      }
      if (stdin) {
        Fd.Pipe pipe = Fd.pipe();
        stdio.in = stdio.childEnd(pipe.reading());
        stdio.stdinWriter = stdio.ownEnd(pipe.writing());
      } else {
        stdio.in = stdio.childEnd(Fd.openReadWrite("/dev/null"));
      }
      Fd.Pipe stdout = Fd.pipe();
      stdio.out = stdio.childEnd(stdout.writing());
      stdio.stdoutReader = stdio.ownEnd(stdout.reading());
      Fd.Pipe stderr = Fd.pipe();
      stdio.err = stdio.childEnd(stderr.writing());
      stdio.stderrReader = stdio.ownEnd(stderr.reading());
      return stdio;
    } catch (IOException e) {
      stdio.close();
      throw e;
    }
  }

  private Fd childEnd(Fd fd) {
    childEnds.add(fd);
    return fd;
  }

  private Fd ownEnd(Fd fd) {
    ownEnds.add(fd);
    return fd;
  }

  public Fd in() {
    return in;
  }

  public Fd out() {
    return out;
  }

  public Fd err() {
    return err;
  }

  /** Once the child has its ends; a reader sees the end of a stream only when nobody else holds a writer. */
  public void closeChildEnds() {
    childEnds.forEach(Fd::close);
  }

  /** Hands the agent's ends to the streams of a process that runs. */
  public void connect(ProcessStreams streams, IoLoop loop) throws IOException {
    ownEnds.clear();
    if (stdinWriter != null) {
      streams.input(InputPipe.open(stdinWriter, loop));
    }
    streams.pump(OutputPump.start(stdoutReader, streams.stdout(), loop));
    streams.pump(OutputPump.start(stderrReader, streams.stderr(), loop));
  }

  @Override
  public void close() {
    closeChildEnds();
    ownEnds.forEach(Fd::close);
    ownEnds.clear();
  }
}
