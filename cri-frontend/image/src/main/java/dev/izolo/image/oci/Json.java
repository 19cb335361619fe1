package dev.izolo.image.oci;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.izolo.image.Digest;
import dev.izolo.image.ImageException;
import dev.izolo.image.Printable;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads documents that others wrote: bounded depth, no member twice, each member's type checked; pure. */
final class Json {
  private static final int MAX_DEPTH = 64;
  private static final int MAX_ITEMS = 10_000;

  private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
      .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .build());

  private Json() {}

  static JsonNode object(byte[] content, String what) throws ImageException {
    JsonNode node;
    try {
      // The parser would take UTF-16 and UTF-32 too, which no other reader of the same document does (RFC 8259, 8.1).
      node = MAPPER.readTree(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString());
    } catch (CharacterCodingException e) {
      throw corrupt(what + " is not UTF-8 text");
    } catch (JsonProcessingException e) {
      throw corrupt(what + " is not valid JSON: " + e.getOriginalMessage());
    }
    if (node == null || !node.isObject()) {
      throw corrupt(what + " is not a JSON object");
    }
    return node;
  }

  /** A text member, empty if absent or null. */
  static String text(JsonNode object, String member, int maxChars) throws ImageException {
    JsonNode value = object.path(member);
    if (value.isMissingNode() || value.isNull()) {
      return "";
    }
    return checked(value, member, maxChars);
  }

  private static String checked(JsonNode value, String member, int maxChars) throws ImageException {
    if (!value.isTextual()) {
      throw corrupt("the member " + member + " is not a string");
    }
    if (value.textValue().length() > maxChars) {
      throw corrupt("the member " + member + " is longer than " + maxChars + " characters");
    }
    if (value.textValue().indexOf('\0') >= 0) {
      throw corrupt("the member " + member + " holds a NUL");
    }
    return value.textValue();
  }

  /** A member that is a list of texts, empty if absent or null. */
  static List<String> texts(JsonNode object, String member, int maxChars) throws ImageException {
    List<String> values = new ArrayList<>();
    for (JsonNode value : array(object, member)) {
      values.add(checked(value, member, maxChars));
    }
    return List.copyOf(values);
  }

  /** A member that maps texts to texts, empty if absent or null. */
  static Map<String, String> textMap(JsonNode object, String member, int maxChars) throws ImageException {
    Map<String, String> values = new LinkedHashMap<>();
    for (var property : members(object, member).properties()) {
      if (property.getKey().length() > maxChars) {
        throw corrupt("a key of the member " + member + " is longer than " + maxChars + " characters");
      }
      values.put(property.getKey(), checked(property.getValue(), member, maxChars));
    }
    return Collections.unmodifiableMap(values);
  }

  /** Keys of a member that is an object used as a set, empty if absent or null. */
  static List<String> keys(JsonNode object, String member, int maxChars) throws ImageException {
    List<String> keys = new ArrayList<>();
    for (var property : members(object, member).properties()) {
      if (property.getKey().length() > maxChars || property.getKey().indexOf('\0') >= 0) {
        throw corrupt("a key of the member " + member + " is too long or holds a NUL");
      }
      keys.add(property.getKey());
    }
    return List.copyOf(keys);
  }

  static JsonNode members(JsonNode object, String member) throws ImageException {
    JsonNode value = object.path(member);
    if (value.isMissingNode() || value.isNull()) {
      return MAPPER.createObjectNode();
    }
    if (!value.isObject() || value.size() > MAX_ITEMS) {
      throw corrupt("the member " + member + " is not an object, or has too many members");
    }
    return value;
  }

  static JsonNode array(JsonNode object, String member) throws ImageException {
    JsonNode value = object.path(member);
    if (value.isMissingNode() || value.isNull()) {
      return MAPPER.createArrayNode();
    }
    if (!value.isArray() || value.size() > MAX_ITEMS) {
      throw corrupt("the member " + member + " is not a list, or is too long");
    }
    return value;
  }

  static Digest digest(String text) throws ImageException {
    return Digest.tryParse(text).orElseThrow(() -> corrupt("not a digest: " + Printable.of(text)));
  }

  static ImageException corrupt(String message) {
    return new ImageException.Corrupt(message, null);
  }
}
