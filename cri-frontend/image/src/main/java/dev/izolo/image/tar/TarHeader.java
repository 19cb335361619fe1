package dev.izolo.image.tar;

import java.nio.charset.StandardCharsets;

/** One 512-byte header block, decoded field by field; pure. */
record TarHeader(byte[] block) {
  static final int SIZE = 512;

  /** Offset of the checksum field, which counts as spaces in its own sum. */
  private static final int CHECKSUM_OFFSET = 148;

  boolean isZero() {
    for (byte b : block) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  /** Old archivers summed signed chars; both sums are valid (POSIX says unsigned). */
  void verifyChecksum() throws TarFormatException {
    long expected = number(CHECKSUM_OFFSET, 8, "checksum");
    long unsigned = 0;
    long signed = 0;
    for (int i = 0; i < SIZE; i++) {
      byte b = i >= CHECKSUM_OFFSET && i < CHECKSUM_OFFSET + 8 ? (byte) ' ' : block[i];
      unsigned += b & 0xff;
      signed += b;
    }
    if (expected != unsigned && expected != signed) {
      throw new TarFormatException("a tar header's checksum is wrong");
    }
  }

  char typeFlag() {
    return (char) (block[156] & 0xff);
  }

  boolean isGnu() {
    return "ustar  ".equals(text(257, 8));
  }

  boolean isUstar() {
    return block[257] == 'u' && block[258] == 's' && block[259] == 't' && block[260] == 'a' && block[261] == 'r'
        && block[262] == 0;
  }

  /** Name, with ustar's prefix before it if there is one. */
  String name() {
    String name = text(0, 100);
    if (isUstar()) {
      String prefix = text(345, 155);
      return prefix.isEmpty() ? name : prefix + "/" + name;
    }
    return name;
  }

  String linkName() {
    return text(157, 100);
  }

  /** A NUL-terminated field, or one that fills its place. */
  String text(int offset, int length) {
    int end = offset;
    while (end < offset + length && block[end] != 0) {
      end++;
    }
    return new String(block, offset, end - offset, StandardCharsets.ISO_8859_1);
  }

  /** A number: octal digits between spaces and NULs, or GNU's base 256 when the first bit is set. */
  long number(int offset, int length, String field) throws TarFormatException {
    if ((block[offset] & 0x80) != 0) {
      return base256(offset, length, field);
    }
    int i = offset;
    int end = offset + length;
    while (i < end && (block[i] == ' ' || block[i] == 0)) {
      i++;
    }
    long value = 0;
    for (; i < end && block[i] != ' ' && block[i] != 0; i++) {
      if (block[i] < '0' || block[i] > '7') {
        throw new TarFormatException("a tar header's " + field + " is not a number");
      }
      value = value * 8 + (block[i] - '0');
    }
    return value;
  }

  private long base256(int offset, int length, String field) throws TarFormatException {
    boolean negative = (block[offset] & 0x40) != 0;
    long value = negative ? -1 : 0;
    for (int i = offset; i < offset + length; i++) {
      int octet = block[i] & 0xff;
      if (i == offset) {
        octet = negative ? octet | 0x80 : octet & 0x7f;
      }
      if (value > Long.MAX_VALUE >> 8 || value < Long.MIN_VALUE >> 8) {
        throw new TarFormatException("a tar header's " + field + " does not fit 64 bits");
      }
      value = (value << 8) | octet;
    }
    return value;
  }
}
