package dev.izolo.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
  private static Samples samples(double... values) {
    Samples samples = new Samples();
    for (double value : values) {
      samples.add(value);
    }
    return samples;
  }

  private final Result holds = Result.of("run_pod_sandbox.pool", "ms", samples(90, 100, 110)).withBar(1.0)
      .against("containerd.run_pod_sandbox", samples(200));
  private final Result missed = Result.of("idle_pod.cpu", "percent", samples(3)).withBar(2);
  private final Report report = new Report(Map.of("accelerator", "tcg"),
      List.of(holds, missed, Result.missing("port_forward", "MB/s", "not served yet")));

  @Test
  void quantilesAreInterpolatedBetweenNeighbours() {
    Samples four = samples(4, 1, 3, 2);
    assertThat(four.median()).isEqualTo(2.5);
    assertThat(four.quantile(0)).isEqualTo(1);
    assertThat(four.quantile(1)).isEqualTo(4);
    assertThat(samples(7).p95()).isEqualTo(7);
    assertThatThrownBy(() -> new Samples().median()).hasMessage("no samples");
  }

  @Test
  void aBarIsHeldAgainstTheRatioWhereThereIsAReferenceAndElseAgainstTheValue() {
    assertThat(holds.ratio()).contains(0.5);
    assertThat(holds.holds()).contains(true);
    assertThat(missed.holds()).contains(false);
    assertThat(Result.missing("x", "ms", "why").withBar(1).holds()).isEmpty();
  }

  @Test
  void theTableSaysWhatWasMissedAndWhy() {
    assertThat(report.table()).contains("run_pod_sandbox.pool").contains("containerd.run_pod_sandbox 200")
        .contains("holds").contains("MISSED").contains("not served yet");
  }

  @Test
  void theJsonHasEveryRowWithItsReference(@TempDir Path dir) throws IOException {
    Path file = dir.resolve("bench.json");
    report.writeJson(file);
    JsonNode rows = new ObjectMapper().readTree(Files.readString(file)).path("results");
    assertThat(rows).hasSize(3);
    assertThat(rows.get(0).path("reference_median").asDouble()).isEqualTo(200);
    assertThat(rows.get(0).path("ratio").asDouble()).isEqualTo(0.5);
    assertThat(rows.get(2).has("median")).isFalse();
  }

  @Test
  void thePlotIsWellFormed(@TempDir Path dir) throws Exception {
    Path file = dir.resolve("bench.svg");
    report.writeSvg(file);
    var document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile());
    assertThat(document.getDocumentElement().getTagName()).isEqualTo("svg");
  }

  @Test
  void optionsNameWhatIsWrongWithThem() {
    var options = BenchMain.Options.parse(List.of("--only", "a", "b", "-n", "3", "--json", "f"));
    assertThat(options.only()).containsExactly("a", "b");
    assertThat(options.iterations()).isEqualTo(3);
    assertThatThrownBy(() -> BenchMain.Options.parse(List.of("--fast"))).hasMessageContaining("unknown argument \"--fast\"");
    assertThatThrownBy(() -> BenchMain.Options.parse(List.of("-n", "many"))).hasMessageContaining("not \"many\"");
    assertThatThrownBy(() -> BenchMain.Options.parse(List.of("--json"))).hasMessageContaining("--json FILE");
  }
}
