package dev.izolo.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds what someone probably meant to write. */
final class NearestWord {
  private NearestWord() {}

  /** The known word nearest to the written one, if any is near enough to be a slip: a third of its letters, at most. */
  static Optional<String> find(String written, Collection<String> known) {
    return known.stream()
        .min(Comparator.<String>comparingInt(word -> distance(written, word)).thenComparing(Comparator.naturalOrder()))
        .filter(word -> distance(written, word) <= Math.max(2, word.length() / 3));
  }

  /** Levenshtein's distance: how many letters must be inserted, deleted or replaced. */
  static int distance(String from, String to) {
    int[] row = new int[to.length() + 1];
    for (int column = 0; column <= to.length(); column++) {
      row[column] = column;
    }
    for (int line = 1; line <= from.length(); line++) {
      int diagonal = row[0];
      row[0] = line;
      for (int column = 1; column <= to.length(); column++) {
        int replaced = diagonal + (from.charAt(line - 1) == to.charAt(column - 1) ? 0 : 1);
        diagonal = row[column];
        row[column] = Math.min(replaced, 1 + Math.min(row[column], row[column - 1]));
      }
    }
    return row[to.length()];
  }
}
