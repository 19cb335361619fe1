package dev.izolo.agent.container;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON as maps, lists, strings, numbers and booleans, by Jackson's streaming layer alone: its data binding would cost a
 * slow guest a second at the first container.
 */
final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  static Map<String, Object> parseObject(String text) throws IOException {
    try (JsonParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not a JSON object");
      }
      Map<String, Object> object = object(parser);
      if (parser.nextToken() != null) {
        throw new IOException("more text after the JSON object");
      }
      return object;
    }
  }

  static void write(Path file, Map<String, Object> object) throws IOException {
    try (JsonGenerator out = FACTORY.createGenerator(Files.newOutputStream(file))) {
      write(out, object);
    }
  }

  static String text(Map<String, Object> object) throws IOException {
    java.io.StringWriter text = new java.io.StringWriter();
    try (JsonGenerator out = FACTORY.createGenerator(text)) {
      write(out, object);
    }
    return text.toString();
  }

  /** The object member of that name, made if it is absent. */
  @SuppressWarnings("unchecked")
  static Map<String, Object> child(Map<String, Object> object, String name) throws IOException {
    Object value = object.computeIfAbsent(name, key -> new LinkedHashMap<String, Object>());
    if (value instanceof Map<?, ?> map) {
      return (Map<String, Object>) map;
    }
    throw new IOException("\"" + name + "\" is no JSON object");
  }

  /** The array member of that name, made if it is absent. */
  @SuppressWarnings("unchecked")
  static List<Object> list(Map<String, Object> object, String name) throws IOException {
    Object value = object.computeIfAbsent(name, key -> new ArrayList<>());
    if (value instanceof List<?> list) {
      return (List<Object>) list;
    }
    throw new IOException("\"" + name + "\" is no JSON array");
  }

  private static Map<String, Object> object(JsonParser parser) throws IOException {
    Map<String, Object> object = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      object.put(name, value(parser));
    }
    return object;
  }

  private static List<Object> array(JsonParser parser) throws IOException {
    List<Object> array = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      array.add(value(parser));
    }
    return array;
  }

  private static Object value(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(parser);
      case START_ARRAY -> array(parser);
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getNumberValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> null;
    };
  }

  private static void write(JsonGenerator out, Object value) throws IOException {
    // Not a switch over types: the JDK makes a class for one when it first runs.
    if (value == null) {
      out.writeNull();
    } else if (value instanceof Map<?, ?> map) {
      out.writeStartObject();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        out.writeFieldName((String) entry.getKey());
        write(out, entry.getValue());
      }
      out.writeEndObject();
    } else if (value instanceof List<?> list) {
      out.writeStartArray();
      for (Object item : list) {
        write(out, item);
      }
      out.writeEndArray();
    } else if (value instanceof String text) {
      out.writeString(text);
    } else if (value instanceof Boolean bool) {
      out.writeBoolean(bool);
    } else if (value instanceof Integer number) {
      out.writeNumber(number);
    } else if (value instanceof Long number) {
      out.writeNumber(number);
    } else if (value instanceof java.math.BigInteger number) {
      out.writeNumber(number);
    } else if (value instanceof Number number) {
      out.writeNumber(number.doubleValue());
    } else {
      throw new IOException("no JSON value: " + value.getClass());
    }
  }
}
