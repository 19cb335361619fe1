package dev.izolo.agent;

/** Where the VM's first process starts. */
public final class Main {
  static final String READY_LINE = "izolo-agent: ready";

  private Main() {}

  /** Serves until the VM is powered off. Exits with 2 on a wrong command line and with 1 when it cannot serve. */
  public static void main(String[] args) throws Exception {
    long startedNanos = System.nanoTime();
    AgentOptions options;
    try {
      options = AgentOptions.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println("izolo-agent: " + e.getMessage());
      System.exit(2);
      return;
    }
    if (options.train()) {
      Training.run(startedNanos);
      // Threads of the server's pools may still be winding down; the cache is written when the JVM exits.
      System.exit(0);
    }
    Agent agent = Agent.ofGuest(startedNanos);
    AgentServer server = AgentServer.start(options.listen(), agent);
    System.out.println(READY_LINE);
    server.awaitTermination();
  }
}
