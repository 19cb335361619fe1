package dev.izolo.cli;

import dev.izolo.config.Artefacts;
import dev.izolo.config.IzoloConfig;
import dev.izolo.cri.CriServer;
import dev.izolo.image.ImageException;
import dev.izolo.network.NetworkException;
import dev.izolo.state.CriException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The daemon's life: state found again, then served, then let go. Pods outlive it. */
final class Daemon {
  private static final Logger log = LoggerFactory.getLogger(Daemon.class);

  private final Wiring wiring;
  private final CriServer server;
  private final Duration shutdownGrace;

  private Daemon(Wiring wiring, CriServer server, Duration shutdownGrace) {
    this.wiring = wiring;
    this.server = server;
    this.shutdownGrace = shutdownGrace;
  }

  /**
   * Returns when it serves.
   *
   * @param defaultNetwork whether the network that Izolo ships may stand in for a CNI configuration
   */
  static Daemon start(IzoloConfig config, Artefacts artefacts, boolean defaultNetwork)
      throws CliException, InterruptedException {
    long from = System.nanoTime();
    try {
      prepareDirectories(config);
      // Before any state is touched: two daemons on one state would each undo what the other does.
      DaemonLock lock = DaemonLock.take(config.stateDir());
      Wiring wiring = Wiring.make(config, artefacts, defaultNetwork, lock);
      try {
        wiring.recover();
        CriServer server = CriServer.start(config.listen(), wiring.criServices());
        log.info("serving CRI at unix://{} after {} ms", config.listen(), (System.nanoTime() - from) / 1_000_000);
        wiring.probeHostAside();
        wiring.startWarm();
        return new Daemon(wiring, server, config.shutdownGrace());
      } catch (IOException | CriException | RuntimeException e) {
        wiring.close();
        throw e;
      }
    } catch (IOException | CriException | ImageException | NetworkException e) {
      throw new CliException(ExitCodes.FAILED, e.getMessage(), e);
    }
  }

  /** Waits until the server has ended. */
  void awaitEnd() throws InterruptedException {
    server.awaitEnd();
  }

  /** Finishes calls in flight and lets go of pods, which keep running. */
  void stop() throws InterruptedException {
    log.info("stopping; pods keep running");
    server.stop(shutdownGrace);
    wiring.close();
    log.info("stopped");
  }

  /** Others may pass through to what is theirs (a VM's user to its sockets), and list nothing. */
  private static void prepareDirectories(IzoloConfig config) throws IOException {
    for (Path directory : new Path[] {config.stateDir(), config.runDir()}) {
      if (!Files.isDirectory(directory)) {
        Files.createDirectories(
            directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
      }
      if (!Files.isWritable(directory)) {
        throw new IOException(directory + " cannot be written to; run as root, or choose another directory");
      }
    }
  }
}
