package dev.izolo.image.tar;

/** A file time: PAX's decimal seconds with a fraction, or the plain header's whole seconds. */
record PaxTime(long seconds, int nanos) {
  /** Beyond what any file system keeps, and far from overflow. */
  private static final long LIMIT = 1L << 40;

  static PaxTime parse(String pax, long header) throws TarFormatException {
    if (pax.isEmpty()) {
      return new PaxTime(Math.clamp(header, -LIMIT, LIMIT), 0);
    }
    boolean negative = pax.startsWith("-");
    String digits = negative ? pax.substring(1) : pax;
    int dot = digits.indexOf('.');
    long seconds = PaxRecords.decimal(dot < 0 ? digits : digits.substring(0, dot), "mtime");
    String fraction = dot < 0 ? "" : digits.substring(dot + 1);
    if (!fraction.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new TarFormatException("a PAX header's mtime is not a number");
    }
    int nanos = Integer.parseInt((fraction + "000000000").substring(0, 9));
    if (negative) {
      seconds = nanos == 0 ? -seconds : -seconds - 1;
      nanos = nanos == 0 ? 0 : 1_000_000_000 - nanos;
    }
    return new PaxTime(Math.clamp(seconds, -LIMIT, LIMIT), nanos);
  }
}
