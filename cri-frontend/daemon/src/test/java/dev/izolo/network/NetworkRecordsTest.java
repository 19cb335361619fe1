package dev.izolo.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NetworkRecordsTest {
  @TempDir Path root;
  private Path directory;
  private NetworkRecords records;

  @BeforeEach
  void create() {
    directory = root.resolve("network");
    records = new NetworkRecords(directory);
  }

  private static NetworkRecord record(String id) {
    return new NetworkRecord(NetworkRecord.VERSION, id, "tap0", "02:00:00:00:00:01", null);
  }

  @Test
  void whatIsWrittenIsReadAgain() throws Exception {
    ObjectNode json = JsonNodeFactory.instance.objectNode().put("name", "pods");
    var attached = new NetworkRecord.Attached("10-x.conflist", json, Map.of("A", "b"), json, null);
    records.write(record("abc"));
    records.write(record("abc").withAttachment(attached));
    assertThat(records.read("abc")).contains(record("abc").withAttachment(attached));
    records.write(record("abc").withAttachment(attached.withResult(json)));
    assertThat(records.read("abc").orElseThrow().attachment().result()).isEqualTo(json);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory))).isEqualTo("rwx------");
  }

  @Test
  void listsAndDeletesThem() throws Exception {
    assertThat(records.ids()).isEmpty();
    records.write(record("b"));
    records.write(record("a"));
    Files.writeString(directory.resolve("c.json.new"), "torn");
    Files.writeString(directory.resolve("NOT-an_id.json"), "{}");
    assertThat(records.ids()).containsExactly("a", "b");
    records.delete("a");
    records.delete("a");
    records.delete("c");
    assertThat(records.read("a")).isEmpty();
    assertThat(directory.resolve("c.json.new")).doesNotExist();
  }

  @Test
  void aDamagedRecordIsToldFromAnAbsentOne() throws Exception {
    records.write(record("abc"));
    for (String text : new String[] {"", "{", "{}", "[]", "{\"version\":99,\"sandboxId\":\"abc\"}",
        "{\"version\":1,\"sandboxId\":\"other\"}"}) {
      Files.writeString(directory.resolve("abc.json"), text);
      assertThatThrownBy(() -> records.read("abc"))
          .as(text)
          .isInstanceOf(NetworkRecords.Damaged.class)
          .hasMessageContaining("abc.json");
    }
  }

  @Test
  void onlyIdsBecomeFileNames() {
    for (String id : new String[] {"", "../x", "a/b", "A", "-a", "a\n", "x".repeat(65)}) {
      assertThatIllegalArgumentException().isThrownBy(() -> records.read(id));
    }
  }
}
