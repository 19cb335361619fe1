package dev.izolo.network.cni;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Versions of the CNI specification that Izolo speaks. 0.1.0 and 0.2.0 are left out: their results name no interface.
 */
public enum CniVersion {
  V0_3_0("0.3.0"),
  V0_3_1("0.3.1"),
  V0_4_0("0.4.0"),
  V1_0_0("1.0.0"),
  V1_1_0("1.1.0");

  private final String text;

  CniVersion(String text) {
    this.text = text;
  }

  public String text() {
    return text;
  }

  public static Optional<CniVersion> of(String text) {
    return Arrays.stream(values()).filter(version -> version.text.equals(text)).findFirst();
  }

  /** The newest of these that Izolo speaks. */
  public static Optional<CniVersion> newestOf(Collection<String> texts) {
    return texts.stream().flatMap(text -> of(text).stream()).max(Comparator.naturalOrder());
  }

  /** DEL is given the result of ADD since 0.4.0. */
  public boolean deleteTakesResult() {
    return compareTo(V0_4_0) >= 0;
  }

  /** STATUS exists since 1.1.0. */
  public boolean hasStatus() {
    return compareTo(V1_1_0) >= 0;
  }

  /** All of them, for messages. */
  public static String supported() {
    return Arrays.stream(values()).map(CniVersion::text).collect(Collectors.joining(", "));
  }
}
