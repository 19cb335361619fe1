package dev.izolo.vm.qmp;

import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/** One line from QEMU. */
public sealed interface QmpMessage {
  /** The first line of a connection. */
  record Greeting(String qemuVersion) implements QmpMessage {}

  /** A command succeeded; {@code value} is what it returned, often an empty object. */
  record Return(long id, JsonNode value) implements QmpMessage {}

  /** A command failed. {@code id} is -1 when QEMU could not even read the command's own. */
  record Failure(long id, QmpException.ErrorClass errorClass, String description) implements QmpMessage {}

  /** Something happened in QEMU. */
  record Event(String name, JsonNode data) implements QmpMessage {}

  /** Reads any JSON of ours and of QEMU's, nested at most 64 deep. */
  ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder()
              .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(64).build())
              .build());

  /**
   * A pure function of the line's bytes.
   *
   * @throws QmpException.Malformed if it is none of the above
   */
  static QmpMessage parse(byte[] line) throws QmpException.Malformed {
    JsonNode node;
    try {
      node = JSON.readTree(line);
    } catch (IOException e) {
      throw new QmpException.Malformed("QEMU sent a line that is not JSON", e);
    }
    if (!(node instanceof ObjectNode object)) {
      throw new QmpException.Malformed("QEMU sent a line that is not a JSON object", null);
    }
    if (object.get("QMP") instanceof ObjectNode greeting) {
      JsonNode version = greeting.path("version").path("qemu");
      return new Greeting(
          "%d.%d.%d"
              .formatted(
                  version.path("major").asInt(), version.path("minor").asInt(), version.path("micro").asInt()));
    }
    if (object.get("event") instanceof JsonNode event && event.isTextual()) {
      return new Event(event.textValue(), object.path("data"));
    }
    if (object.get("return") instanceof JsonNode value) {
      return new Return(id(object), value);
    }
    if (object.get("error") instanceof ObjectNode error) {
      return new Failure(
          id(object),
          QmpException.ErrorClass.of(error.path("class").asText()),
          error.path("desc").asText("no description"));
    }
    throw new QmpException.Malformed("QEMU sent an object that is no greeting, return, error or event", null);
  }

  /** The line, without its end, that asks QEMU to execute a command. */
  static byte[] command(long id, String command, ObjectNode arguments) {
    ObjectNode request = JsonNodeFactory.instance.objectNode();
    request.put("execute", command);
    if (!arguments.isEmpty()) {
      request.set("arguments", arguments);
    }
    request.put("id", id);
    try {
      return JSON.writeValueAsBytes(request);
    } catch (IOException e) {
      throw new AssertionError("a tree of JSON nodes can always be written", e);
    }
  }

  /** An empty set of arguments to fill. */
  static ObjectNode arguments() {
    return JsonNodeFactory.instance.objectNode();
  }

  private static long id(ObjectNode object) {
    JsonNode id = object.path("id");
    return id.isIntegralNumber() && id.canConvertToLong() ? id.longValue() : -1;
  }
}
