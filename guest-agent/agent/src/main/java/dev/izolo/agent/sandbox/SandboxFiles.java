package dev.izolo.agent.sandbox;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.v1.Dns;
import java.util.List;

/** The texts of the files a pod's containers share, from what the host asks for. */
final class SandboxFiles {
  private SandboxFiles() {}

  /** resolv.conf(5). */
  static String resolvConf(Dns dns) {
    StringBuilder text = new StringBuilder();
    if (!dns.getSearchesList().isEmpty()) {
      text.append("search ").append(words("DNS search domain", dns.getSearchesList())).append('\n');
    }
    for (String server : dns.getServersList()) {
      text.append("nameserver ").append(words("DNS server", List.of(server))).append('\n');
    }
    if (!dns.getOptionsList().isEmpty()) {
      text.append("options ").append(words("DNS option", dns.getOptionsList())).append('\n');
    }
    return text.toString();
  }

  private static String words(String what, List<String> words) {
    for (String word : words) {
      if (word.isEmpty() || word.chars().anyMatch(c -> c <= ' ' || c == 0x7f)) {
        throw new AgentException.Invalid("a " + what + " is empty or has white space");
      }
    }
    return String.join(" ", words);
  }

  static void checkHostname(String name) {
    if (!name.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?")) {
      throw new AgentException.Invalid("\"" + name + "\" is no hostname of at most 64 letters, digits, dots and dashes");
    }
  }

  static void checkMachineId(String id) {
    if (!id.matches("[0-9a-f]{32}")) {
      throw new AgentException.Invalid("a machine id has 32 lower-case hexadecimal digits");
    }
  }
}
