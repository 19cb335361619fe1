package dev.izolo.pods;

import dev.izolo.agent.v1.CreateContainerRequest;
import dev.izolo.agent.v1.OutputStream;
import dev.izolo.agent.v1.ProcessExit;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** A container in the fake guest: what its process wrote, was sent, and how it ended. */
public final class FakeProcess {
  private final CreateContainerRequest request;
  private final FakeAgent agent;
  private final Map<OutputStream, ByteArrayOutputStream> written = new EnumMap<>(OutputStream.class);
  private final Map<OutputStream, Long> acknowledged = new EnumMap<>(OutputStream.class);
  private final List<Integer> signals = new ArrayList<>();
  private boolean started;
  private boolean ignoresTerm;
  private ProcessExit exit;
  private boolean outputHeldOpen;

  FakeProcess(FakeAgent agent, CreateContainerRequest request) {
    this.agent = agent;
    this.request = request;
    for (OutputStream stream : List.of(OutputStream.OUTPUT_STREAM_STDOUT, OutputStream.OUTPUT_STREAM_STDERR)) {
      written.put(stream, new ByteArrayOutputStream());
      acknowledged.put(stream, 0L);
    }
  }

  public String id() {
    return request.getContainerId();
  }

  public CreateContainerRequest request() {
    return request;
  }

  public FakeProcess out(String text) {
    return write(OutputStream.OUTPUT_STREAM_STDOUT, text.getBytes(StandardCharsets.UTF_8));
  }

  public FakeProcess err(String text) {
    return write(OutputStream.OUTPUT_STREAM_STDERR, text.getBytes(StandardCharsets.UTF_8));
  }

  public synchronized FakeProcess write(OutputStream stream, byte[] data) {
    written.get(stream).writeBytes(data);
    notifyAll();
    return this;
  }

  /** A grandchild keeps the pipes open after the process's end. */
  public synchronized FakeProcess holdOutputOpen() {
    outputHeldOpen = true;
    return this;
  }

  public synchronized void closeOutput() {
    outputHeldOpen = false;
    notifyAll();
  }

  public synchronized FakeProcess ignoreTerm() {
    ignoresTerm = true;
    return this;
  }

  public void exit(int code) {
    end(ProcessExit.newBuilder().setExitCode(code));
  }

  public void outOfMemory() {
    end(ProcessExit.newBuilder().setExitCode(137).setOomKilled(true));
  }

  private void end(ProcessExit.Builder how) {
    synchronized (this) {
      if (exit != null) {
        return;
      }
      exit = how.setExitedAtUnixNanos(System.currentTimeMillis() * 1_000_000L).build();
      notifyAll();
    }
    agent.ended(this);
  }

  synchronized void started() {
    started = true;
  }

  public synchronized boolean isStarted() {
    return started;
  }

  public synchronized ProcessExit exited() {
    return exit;
  }

  public synchronized List<Integer> signals() {
    return List.copyOf(signals);
  }

  void signal(int signal) {
    boolean ends;
    synchronized (this) {
      signals.add(signal);
      ends = started && (signal == 9 || !ignoresTerm);
    }
    if (ends) {
      exit(128 + signal);
    }
  }

  synchronized void acknowledge(OutputStream stream, long offset) {
    acknowledged.merge(stream, offset, Math::max);
    notifyAll();
  }

  public synchronized long acknowledged(OutputStream stream) {
    return acknowledged.get(stream);
  }

  /** Bytes from the offset on, waiting for some; null at the end. */
  synchronized byte[] await(OutputStream stream, long offset, int max) throws InterruptedException {
    while (written.get(stream).size() <= offset && (exit == null || outputHeldOpen)) {
      wait();
    }
    byte[] all = written.get(stream).toByteArray();
    if (all.length <= offset) {
      return null;
    }
    return java.util.Arrays.copyOfRange(all, (int) offset, (int) Math.min(all.length, offset + max));
  }
}
