package dev.izolo.container.spec;

import dev.izolo.cri.v1.Signal;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/** Signal numbers of Linux on x86-64 (signal(7)), by the names that CRI and image configs use. */
public final class Signals {
  public static final int SIGKILL = 9;
  public static final int SIGTERM = 15;
  private static final int SIGRTMIN = 34;
  private static final int SIGRTMAX = 64;

  private static final List<String> NAMES =
      List.of(
          "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
          "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
          "WINCH", "IO", "PWR", "SYS");

  private Signals() {}

  /** The container's own stop signal, else the image's, else SIGTERM. One that no one knows counts as none. */
  public static int stopSignal(Signal configured, String ofImage) {
    return parse(configured.name().replaceFirst("^SIGNAL_", "")).orElse(parse(ofImage).orElse(SIGTERM));
  }

  /** A number, or a name with or without SIG, or SIGRTMIN+n, SIGRTMAX-n. */
  static OptionalInt parse(String text) {
    String name = text.strip().toUpperCase(Locale.ROOT).replaceFirst("^SIG", "");
    if (name.matches("[0-9]{1,2}")) {
      return inRange(Integer.parseInt(name));
    }
    if (name.matches("RTMIN((\\+|PLUS)[0-9]{1,2})?")) {
      return inRange(SIGRTMIN + offset(name));
    }
    if (name.matches("RTMAX((-|MINUS)[0-9]{1,2})?")) {
      return inRange(SIGRTMAX - offset(name));
    }
    return switch (name) {
      case "IOT" -> OptionalInt.of(6);
      case "CLD" -> OptionalInt.of(17);
      case "POLL" -> OptionalInt.of(29);
      default -> {
        int index = NAMES.indexOf(name);
        yield index < 0 ? OptionalInt.empty() : OptionalInt.of(index + 1);
      }
    };
  }

  private static int offset(String name) {
    String digits = name.replaceAll("[^0-9]", "");
    return digits.isEmpty() ? 0 : Integer.parseInt(digits);
  }

  private static OptionalInt inRange(int signal) {
    return signal >= 1 && signal <= SIGRTMAX ? OptionalInt.of(signal) : OptionalInt.empty();
  }
}
