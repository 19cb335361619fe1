package dev.izolo.agent;

import dev.izolo.agent.transport.ListenAddress;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The agent's command line.
 *
 * @param listen where to serve
 * @param train serve on a unix socket, call every hot path once as an own client, and exit
 */
record AgentOptions(ListenAddress listen, boolean train) {
  static final String USAGE = "usage: izolo-agent [--port N | --unix PATH | --train]";

  static AgentOptions parse(String[] args) {
    if (args.length == 0) {
      return new AgentOptions(new ListenAddress.Vsock(ListenAddress.DEFAULT_PORT), false);
    }
    if (args.length == 1 && args[0].equals("--train")) {
      return new AgentOptions(null, true);
    }
    if (args.length == 2 && args[0].equals("--unix")) {
      return new AgentOptions(new ListenAddress.Unix(Path.of(args[1])), false);
    }
    if (args.length == 2 && args[0].equals("--port")) {
      return new AgentOptions(new ListenAddress.Vsock(port(args[1])), false);
    }
    throw new IllegalArgumentException("unknown arguments " + Arrays.toString(args) + "; " + USAGE);
  }

  private static int port(String text) {
    try {
      int port = Integer.parseInt(text);
      if (port > 0) {
        return port;
      }
    } catch (NumberFormatException e) {
      // Said below, in one way for both.
    }
    throw new IllegalArgumentException("a vsock port is a number from 1 to 2147483647, not \"" + text + "\"");
  }
}
