package dev.izolo.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Shows results: as a table for people, as JSON for machines, as an SVG plot for the documentation. */
final class Report {
  private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Map<String, String> circumstances;
  private final List<Result> results;

  /**
   * @param circumstances accelerator, load, versions: what a reader needs to judge the numbers, in order
   */
  Report(Map<String, String> circumstances, List<Result> results) {
    this.circumstances = circumstances;
    this.results = results;
  }

  String table() {
    StringBuilder out = new StringBuilder();
    circumstances.forEach((k, v) -> out.append(String.format("%-22s %s%n", k, v)));
    out.append(String.format("%n%-36s %-8s %4s %10s %10s  %-34s %8s %8s  %s%n",
        "what", "unit", "n", "median", "p95", "held against", "ratio", "bar", ""));
    for (Result r : results) {
      if (r.n() == 0) {
        out.append(String.format("%-36s %-8s %4d %10s %10s  %s%n", r.name(), r.unit(), 0, "-", "-", r.note()));
        continue;
      }
      String verdict = r.holds().map(h -> h ? "holds" : "MISSED").orElse("");
      out.append(String.format("%-36s %-8s %4d %10s %10s  %-34s %8s %8s  %s%s%n",
          r.name(), r.unit(), r.n(), number(r.median()), number(r.p95()),
          r.reference().map(x -> x.name() + " " + number(x.median())).orElse(""),
          r.ratio().map(Report::number).orElse(""), r.bar().map(Report::number).orElse(""), verdict,
          r.note().isEmpty() ? "" : "  (" + r.note() + ")"));
    }
    return out.toString();
  }

  void writeJson(Path file) throws IOException {
    ObjectNode root = JSON.createObjectNode();
    ObjectNode facts = root.putObject("circumstances");
    circumstances.forEach(facts::put);
    var rows = root.putArray("results");
    for (Result r : results) {
      ObjectNode row = rows.addObject().put("name", r.name()).put("unit", r.unit()).put("n", r.n());
      if (r.n() > 0) {
        row.put("median", r.median()).put("p95", r.p95());
      }
      r.reference().ifPresent(x -> row.put("reference", x.name()).put("reference_median", x.median()));
      r.ratio().ifPresent(x -> row.put("ratio", x));
      r.bar().ifPresent(x -> row.put("bar", x));
      r.holds().ifPresent(x -> row.put("holds", x));
      if (!r.note().isEmpty()) {
        row.put("note", r.note());
      }
    }
    Files.writeString(file, JSON.writeValueAsString(root) + "\n");
  }

  /** A bar for each time that has a reference: ours over the reference, on a logarithmic scale around 1; rates are left out. */
  void writeSvg(Path file) throws IOException {
    List<Result> rows = results.stream().filter(r -> r.unit().equals("ms") && r.ratio().isPresent()).toList();
    int rowHeight = 26;
    int left = 260;
    int width = 860;
    int height = 70 + rows.size() * rowHeight;
    double scale = 90; // pixels for a factor of e
    int middle = left + 250;
    StringBuilder svg = new StringBuilder();
    svg.append(String.format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">%n",
        width, height));
    svg.append(String.format("<rect width=\"%d\" height=\"%d\" fill=\"white\"/>%n", width, height));
    svg.append(String.format("<text x=\"%d\" y=\"20\" font-size=\"14\">Time of Izolo over the reference; left of the line is faster (%s)</text>%n",
        10, escape(circumstances.getOrDefault("accelerator", ""))));
    svg.append(String.format("<line x1=\"%d\" y1=\"34\" x2=\"%d\" y2=\"%d\" stroke=\"black\"/>%n", middle, middle, height - 20));
    int y = 44;
    for (Result r : rows) {
      double ratio = r.ratio().orElseThrow();
      double to = Math.clamp(middle + Math.log(ratio) * scale, left, width - 70.0);
      String color = r.holds().map(h -> h ? "#2e7d32" : "#c62828").orElse("#546e7a");
      svg.append(String.format(Locale.ROOT, "<text x=\"10\" y=\"%d\">%s</text>%n", y + 13, escape(r.name())));
      svg.append(String.format(Locale.ROOT,
          "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"16\" fill=\"%s\"/>%n",
          Math.min(middle, to), y, Math.max(1, Math.abs(to - middle)), color));
      svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%d\">%s</text>%n",
          Math.max(middle, to) + 6, y + 13, "×" + number(ratio)));
      r.bar().ifPresent(bar -> svg.append(String.format(Locale.ROOT,
          "<line x1=\"%1$.1f\" y1=\"%2$d\" x2=\"%1$.1f\" y2=\"%3$d\" stroke=\"#f9a825\" stroke-width=\"2\"/>%n",
          Math.clamp(middle + Math.log(bar) * scale, left, width - 70.0), rowTop(r, rows, rowHeight) - 2,
          rowTop(r, rows, rowHeight) + 18)));
      y += rowHeight;
    }
    svg.append(String.format("<text x=\"10\" y=\"%d\" fill=\"#555\">yellow: the bar; green holds it, red misses it</text>%n</svg>%n", height - 6));
    Files.writeString(file, svg);
  }

  private static int rowTop(Result r, List<Result> rows, int rowHeight) {
    return 44 + rows.indexOf(r) * rowHeight;
  }

  static String number(double value) {
    double magnitude = Math.abs(value);
    String format = magnitude >= 100 ? "%.0f" : magnitude >= 10 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, format, value);
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;");
  }
}
