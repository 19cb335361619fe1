package dev.izolo.cli;

import dev.izolo.config.Artefacts;
import dev.izolo.config.IzoloConfig;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Serves CRI until it is told to end. */
@Command(name = "serve", description = "Serve the Kubernetes Container Runtime Interface, in the foreground.")
final class ServeCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(ServeCommand.class);

  @Mixin
  private CommonOptions common = new CommonOptions();

  @Option(names = "--default-network", description = "Without any CNI configuration, use the one that Izolo ships: "
      + "a bridge of its own with IPv4 and IPv6.")
  private boolean defaultNetwork;

  @Override
  public Integer call() throws Exception {
    IzoloConfig config = common.load();
    Logs.configure(config.log().level());
    Daemon daemon = Daemon.start(config, Artefacts.fromSystemProperties(), defaultNetwork);
    HeapTrim.begin();
    // On SIGTERM the JVM ends when its hooks have: so the hook does the orderly part.
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(() -> stop(daemon)));
    daemon.awaitEnd();
    return ExitCodes.OK;
  }

  private static void stop(Daemon daemon) {
    try {
      daemon.stop();
    } catch (InterruptedException e) {
      log.warn("interrupted while stopping: calls in flight were cut off");
    }
  }
}
