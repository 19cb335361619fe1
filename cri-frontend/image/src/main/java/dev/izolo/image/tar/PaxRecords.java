package dev.izolo.image.tar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Records of a PAX extended header: {@code length SP key = value LF}, values binary; pure. */
final class PaxRecords {
  record Entry(String key, String value) {}

  private PaxRecords() {}

  static List<Entry> parse(byte[] data) throws TarFormatException {
    List<Entry> records = new ArrayList<>();
    int position = 0;
    while (position < data.length) {
      int space = position;
      int length = 0;
      while (space < data.length && data[space] >= '0' && data[space] <= '9' && space - position < 9) {
        length = length * 10 + (data[space++] - '0');
      }
      int end = position + length;
      if (space == position || space >= data.length || data[space] != ' ' || length <= space - position + 1
          || end > data.length || data[end - 1] != '\n') {
        throw new TarFormatException("a PAX header holds a record with a wrong length");
      }
      int equals = space + 1;
      while (equals < end && data[equals] != '=') {
        equals++;
      }
      if (equals == end || equals == space + 1) {
        throw new TarFormatException("a PAX header holds a record without a key");
      }
      records.add(new Entry(
          new String(data, space + 1, equals - space - 1, StandardCharsets.ISO_8859_1),
          new String(data, equals + 1, end - 1 - equals - 1, StandardCharsets.ISO_8859_1)));
      position = end;
    }
    return records;
  }

  /** A non-negative decimal number. */
  static long decimal(String value, String key) throws TarFormatException {
    if (value.isEmpty() || value.length() > 18 || !value.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new TarFormatException("a PAX header's " + key + " is not a number that fits");
    }
    return Long.parseLong(value);
  }
}
