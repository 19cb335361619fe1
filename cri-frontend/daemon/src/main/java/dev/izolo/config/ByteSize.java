package dev.izolo.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An amount of bytes, written as Kubernetes writes one: a number, alone or with Ki, Mi, Gi or Ti. */
public record ByteSize(long bytes) implements Comparable<ByteSize> {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,18})(|Ki|Mi|Gi|Ti)");
  private static final String[] UNITS = {"", "Ki", "Mi", "Gi", "Ti"};

  public ByteSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("a size is never negative: " + bytes);
    }
  }

  public static ByteSize ofMib(long mebibytes) {
    return new ByteSize(Math.multiplyExact(mebibytes, 1L << 20));
  }

  public static ByteSize ofGib(long gibibytes) {
    return ofMib(Math.multiplyExact(gibibytes, 1024L));
  }

  /** @throws IllegalArgumentException with what a size looks like */
  public static ByteSize parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not a size: write a whole number with Ki, Mi, Gi or Ti, for example \"256Mi\"");
    }
    int shift = switch (form.group(2)) {
      case "Ki" -> 10;
      case "Mi" -> 20;
      case "Gi" -> 30;
      case "Ti" -> 40;
      default -> 0;
    };
    long number = Long.parseLong(form.group(1));
    if (number > Long.MAX_VALUE >> shift) {
      throw new IllegalArgumentException("\"" + text + "\" is too large a size");
    }
    return new ByteSize(number << shift);
  }

  /** In whole mebibytes, rounded up. */
  public long mib() {
    return (bytes >> 20) + ((bytes & ((1L << 20) - 1)) == 0 ? 0 : 1);
  }

  @Override
  public int compareTo(ByteSize other) {
    return Long.compare(bytes, other.bytes);
  }

  /** In the largest unit that divides it. */
  @Override
  public String toString() {
    int unit = 0;
    long number = bytes;
    while (unit < UNITS.length - 1 && number != 0 && number % 1024 == 0) {
      number /= 1024;
      unit++;
    }
    return number + UNITS[unit];
  }
}
