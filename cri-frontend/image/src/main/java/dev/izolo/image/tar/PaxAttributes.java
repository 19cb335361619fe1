package dev.izolo.image.tar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What PAX headers say of one entry; an empty value takes a member back to what the plain header says. */
final class PaxAttributes {
  private static final String XATTR = "SCHILY.xattr.";

  /** An archive's global header may not name one file's data. */
  private final Map<String, String> values = new HashMap<>();

  private final Map<String, String> xattrs = new LinkedHashMap<>();

  /** GNU sparse format 0.0 repeats these two keys, once per stored run. */
  private final List<Long> sparseNumbers = new ArrayList<>();

  void putAll(List<PaxRecords.Entry> records) throws TarFormatException {
    for (PaxRecords.Entry entry : records) {
      String key = entry.key();
      if (key.startsWith(XATTR)) {
        xattrs.put(key.substring(XATTR.length()), entry.value());
      } else if (key.equals("GNU.sparse.offset") || key.equals("GNU.sparse.numbytes")) {
        if ((sparseNumbers.size() % 2 == 0) != key.equals("GNU.sparse.offset")) {
          throw new TarFormatException("a PAX sparse map's offsets and lengths do not alternate");
        }
        sparseNumbers.add(PaxRecords.decimal(entry.value(), key));
      } else {
        values.put(key, entry.value());
      }
    }
  }

  /** This entry's attributes over the archive's. */
  PaxAttributes over(PaxAttributes global) {
    PaxAttributes merged = new PaxAttributes();
    merged.values.putAll(global.values);
    merged.values.putAll(values);
    merged.xattrs.putAll(global.xattrs);
    merged.xattrs.putAll(xattrs);
    merged.sparseNumbers.addAll(sparseNumbers);
    return merged;
  }

  String text(String key, String otherwise) {
    String value = values.get(key);
    return value == null || value.isEmpty() ? otherwise : value;
  }

  boolean has(String key) {
    String value = values.get(key);
    return value != null && !value.isEmpty();
  }

  long number(String key, long otherwise) throws TarFormatException {
    return has(key) ? PaxRecords.decimal(values.get(key), key) : otherwise;
  }

  Map<String, String> xattrs() {
    return Map.copyOf(xattrs);
  }

  /** Stored runs by GNU format 0.0 or 0.1, or null if neither is used. */
  List<TarEntry.Segment> sparseMap() throws TarFormatException {
    List<Long> numbers = sparseNumbers;
    if (has("GNU.sparse.map")) {
      numbers = new ArrayList<>();
      for (String number : values.get("GNU.sparse.map").split(",", -1)) {
        numbers.add(PaxRecords.decimal(number, "GNU.sparse.map"));
      }
    } else if (numbers.isEmpty()) {
      return null;
    }
    return segments(numbers);
  }

  static List<TarEntry.Segment> segments(List<Long> numbers) throws TarFormatException {
    if (numbers.size() % 2 != 0) {
      throw new TarFormatException("a sparse map ends with an offset");
    }
    List<TarEntry.Segment> segments = new ArrayList<>();
    for (int i = 0; i < numbers.size(); i += 2) {
      segments.add(new TarEntry.Segment(numbers.get(i), numbers.get(i + 1)));
    }
    return segments;
  }
}
