package dev.izolo.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;

/** Where the time of one {@code run} went, as its caller saw it, with the daemon's own phases within its calls. */
final class ClientTimeline {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** In milliseconds since the command began; {@code end} is not a number while the phase runs. */
  private record Span(double start, double end, int depth) {}

  private final long origin = System.nanoTime();
  private final Map<String, Span> spans = new LinkedHashMap<>();

  <T> T time(String phase, Callable<T> body) throws Exception {
    begin(phase);
    T result = body.call();
    end(phase);
    return result;
  }

  synchronized void begin(String phase) {
    spans.put(phase, new Span(now(), Double.NaN, 0));
  }

  /** Ends a phase; only the first end counts. */
  synchronized void end(String phase) {
    spans.computeIfPresent(phase, (name, span) ->
        Double.isNaN(span.end()) ? new Span(span.start(), now(), 0) : span);
  }

  synchronized void forget(String phase) {
    spans.remove(phase);
  }

  /** An output that ends a phase when the first byte comes through. */
  OutputStream noticing(String phase, OutputStream out) {
    return new FilterOutputStream(out) {
      @Override
      public void write(byte[] bytes, int from, int count) throws IOException {
        out.write(bytes, from, count);
        if (count > 0) {
          ClientTimeline.this.end(phase);
        }
      }

      @Override
      public void write(int octet) throws IOException {
        out.write(octet);
        ClientTimeline.this.end(phase);
      }
    };
  }

  /**
   * Adds the daemon's phases of a call.
   *
   * @param json an array of objects with {@code name}, {@code start_ms} (since the call's own start), {@code length_ms}
   */
  synchronized void addWithin(String parent, String json) throws IOException {
    double offset = spans.get(parent).start();
    for (JsonNode phase : JSON.readTree(json)) {
      double start = offset + phase.path("start_ms").asDouble();
      spans.put(parent + ": " + phase.path("name").asText(),
          new Span(start, start + phase.path("length_ms").asDouble(), 1));
    }
  }

  synchronized void print(PrintStream out) {
    out.printf("%-36s %10s %10s%n", "phase", "start ms", "ms");
    spans.entrySet().stream()
        .sorted(Map.Entry.comparingByValue((left, right) -> Double.compare(left.start(), right.start())))
        .filter(entry -> !Double.isNaN(entry.getValue().end()))
        .forEach(entry -> {
          Span span = entry.getValue();
          out.printf("%-36s %10.0f %10.0f%n",
              "  ".repeat(span.depth()) + entry.getKey(), span.start(), span.end() - span.start());
        });
    out.printf("%-36s %10s %10.0f%n", "total", "", now());
    out.flush();
  }

  private double now() {
    return (System.nanoTime() - origin) / 1e6;
  }
}
