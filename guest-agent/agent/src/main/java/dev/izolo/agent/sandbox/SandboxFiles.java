package dev.izolo.agent.sandbox;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.v1.Dns;
import java.util.List;

/** The texts of the files a pod's containers share, from what the host asks for. */
final class SandboxFiles {
  /** The kernel's own limit, of which sethostname(2) tells. */
  private static final int MAX_HOSTNAME_CHARS = 64;

  /** machine-id(5). */
  private static final int MACHINE_ID_CHARS = 32;

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
      boolean plain = !word.isEmpty();
      for (int i = 0; plain && i < word.length(); i++) {
        plain = word.charAt(i) > ' ' && word.charAt(i) != 0x7f;
      }
      if (!plain) {
        throw new AgentException.Invalid("a " + what + " is empty or has white space");
      }
    }
    return String.join(" ", words);
  }

  static void checkHostname(String name) {
    boolean valid = !name.isEmpty() && name.length() <= MAX_HOSTNAME_CHARS
        && Ascii.isLetterOrDigit(name.charAt(0)) && Ascii.isLetterOrDigit(name.charAt(name.length() - 1))
        && Ascii.consistsOfLettersDigitsAnd(".-", name);
    if (!valid) {
      throw new AgentException.Invalid("\"" + name + "\" is no hostname of at most 64 letters, digits, dots and dashes");
    }
  }

  static void checkMachineId(String id) {
    boolean valid = id.length() == MACHINE_ID_CHARS;
    for (int i = 0; valid && i < id.length(); i++) {
      valid = Ascii.isHexDigit(id.charAt(i)) && !Character.isUpperCase(id.charAt(i));
    }
    if (!valid) {
      throw new AgentException.Invalid("a machine id has 32 lower-case hexadecimal digits");
    }
  }
}
