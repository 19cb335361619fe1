package dev.izolo.cri;

import dev.izolo.state.CriException;
import java.util.SortedSet;

/**
 * The runtime handlers that pods may name.
 *
 * @param byDefault the one of pods that name none
 */
public record RuntimeHandlers(SortedSet<String> names, String byDefault) {
  String resolve(String wanted) throws CriException {
    if (wanted.isEmpty()) {
      return byDefault;
    }
    if (!names.contains(wanted)) {
      throw new CriException.InvalidArgument("no runtime handler \"" + shown(wanted) + "\"; there are "
          + String.join(", ", names) + " (see [runtime_handlers] in the configuration)");
    }
    return wanted;
  }

  private static String shown(String wanted) {
    return wanted.substring(0, Math.min(wanted.length(), 63));
  }
}
