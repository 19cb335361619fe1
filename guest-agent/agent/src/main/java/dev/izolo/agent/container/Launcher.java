package dev.izolo.agent.container;

import dev.izolo.agent.linux.DescriptorListener;
import dev.izolo.agent.linux.Fd;
import dev.izolo.agent.linux.Processes;
import dev.izolo.agent.process.IoLoop;
import dev.izolo.agent.process.Reaper;
import dev.izolo.agent.process.Stdio;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** Has a runtime start a process detached, and takes over the process and its streams. */
final class Launcher {
  /** The runtime's part, given where to send a terminal (null for none) and what the process gets as standard streams. */
  interface Start {
    void start(Path pidFile, Path consoleSocket, Stdio stdio) throws IOException, OciRuntime.RuntimeFailure;
  }

  private final Reaper reaper;
  private final IoLoop loop;
  private final Path sockets;
  private final AtomicLong socketCount = new AtomicLong();

  Launcher(Reaper reaper, IoLoop loop, Path sockets) {
    this.reaper = reaper;
    this.loop = loop;
    this.sockets = sockets;
  }

  /**
   * Starts the process; its streams are connected and its number is known when this returns. On an error no stream is
   * connected and nothing of the process is left.
   *
   * @return completed with the exit
   */
  CompletableFuture<Processes.Exit> launch(ManagedProcess process, Path pidFile, boolean terminal, Start start)
      throws IOException, OciRuntime.RuntimeFailure {
    try (Reaper.Adoption adoption = reaper.expectAdoption();
        Stdio stdio = Stdio.open(terminal, process.stdin())) {
      Files.deleteIfExists(pidFile);
      if (terminal) {
        Files.createDirectories(sockets);
        try (DescriptorListener console =
            new DescriptorListener(sockets.resolve(Long.toString(socketCount.incrementAndGet(), 36)))) {
          start.start(pidFile, console.path(), stdio);
          Reaper.Child child = adopt(process, adoption, pidFile);
          Fd master = console.take();
          process.streams().connectTerminal(master, process.stdin(), loop);
          return child.exit();
        }
      }
      start.start(pidFile, null, stdio);
      Reaper.Child child = adopt(process, adoption, pidFile);
      stdio.connect(process.streams(), loop);
      return child.exit();
    }
  }

  private static Reaper.Child adopt(ManagedProcess process, Reaper.Adoption adoption, Path pidFile)
      throws IOException {
    Reaper.Child child = adoption.adopt(OciRuntime.pid(pidFile));
    process.started(child.pid());
    return child;
  }
}
