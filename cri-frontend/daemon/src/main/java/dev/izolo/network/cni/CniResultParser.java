package dev.izolo.network.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.network.address.IpText;
import dev.izolo.network.process.Quote;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** Reads a plugin's result. A plugin is foreign input: every number, address and name is checked, every list bounded. */
public final class CniResultParser {
  private static final int MAX_ENTRIES = 1024;
  private static final int MAX_DNS_ENTRIES = 64;
  private static final int MAX_TEXT = 4096;
  private static final Pattern MAC = Pattern.compile("[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}");
  private static final Pattern DNS_WORD = Pattern.compile("[\\x21-\\x7e]{1,255}");

  private CniResultParser() {}

  /**
   * @throws IOException saying which member is wrong and how
   */
  public static CniResult parse(byte[] json) throws IOException {
    return parse(Json.object(json));
  }

  static CniResult parse(ObjectNode result) throws IOException {
    List<CniResult.Interface> interfaces = new ArrayList<>();
    for (JsonNode node : list(result, "interfaces", MAX_ENTRIES)) {
      String at = "interfaces[%d]".formatted(interfaces.size());
      String mac = text(node, at, "mac");
      if (!mac.isEmpty() && !MAC.matcher(mac).matches()) {
        throw bad(at + ".mac", "is not a MAC address");
      }
      interfaces.add(new CniResult.Interface(text(node, at, "name"), mac, text(node, at, "sandbox")));
    }
    List<CniResult.Ip> ips = new ArrayList<>();
    for (JsonNode node : list(result, "ips", MAX_ENTRIES)) {
      String at = "ips[%d]".formatted(ips.size());
      ips.add(
          new CniResult.Ip(
              cidr(at + ".address", text(node, at, "address")),
              address(at + ".gateway", text(node, at, "gateway")),
              index(at + ".interface", node.get("interface"), interfaces.size())));
    }
    List<CniResult.Route> routes = new ArrayList<>();
    for (JsonNode node : list(result, "routes", MAX_ENTRIES)) {
      String at = "routes[%d]".formatted(routes.size());
      routes.add(
          new CniResult.Route(
              cidr(at + ".dst", text(node, at, "dst")), address(at + ".gw", text(node, at, "gw"))));
    }
    return new CniResult(interfaces, ips, routes, dns(result.get("dns")), result);
  }

  private static CniResult.Dns dns(JsonNode node) throws IOException {
    if (node == null || node.isNull()) {
      return new CniResult.Dns(List.of(), "", List.of(), List.of());
    }
    List<String> servers = words(node, "nameservers");
    for (String server : servers) {
      address("dns.nameservers", server);
    }
    return new CniResult.Dns(servers, text(node, "dns", "domain"), words(node, "search"), words(node, "options"));
  }

  /** These end up in a resolv.conf: a line break or blank in one would be a directive of its own. */
  private static List<String> words(JsonNode dns, String member) throws IOException {
    List<String> words = new ArrayList<>();
    for (JsonNode word : list(dns, member, MAX_DNS_ENTRIES)) {
      if (!word.isTextual() || !DNS_WORD.matcher(word.textValue()).matches()) {
        throw bad("dns.%s[%d]".formatted(member, words.size()), "is not one printable word");
      }
      words.add(word.textValue());
    }
    return words;
  }

  private static Iterable<JsonNode> list(JsonNode in, String member, int limit) throws IOException {
    if (!in.isObject()) {
      throw bad("dns", "is not an object");
    }
    JsonNode list = in.get(member);
    if (list == null || list.isNull()) {
      return List.of();
    }
    if (!list.isArray()) {
      throw bad(member, "is not a list");
    }
    if (list.size() > limit) {
      throw bad(member, "has more than %d entries".formatted(limit));
    }
    return list;
  }

  private static String text(JsonNode in, String at, String member) throws IOException {
    if (!in.isObject()) {
      throw bad(at, "is not an object");
    }
    JsonNode value = in.get(member);
    if (value == null || value.isNull()) {
      return "";
    }
    if (!value.isTextual() || value.textValue().length() > MAX_TEXT) {
      throw bad(at + "." + member, "is not text of a sensible length");
    }
    return value.textValue();
  }

  private static IpText.Cidr cidr(String at, String text) throws IOException {
    try {
      return IpText.Cidr.parse(text);
    } catch (IllegalArgumentException e) {
      throw bad(at, "'%s' is %s".formatted(Quote.of(text), e.getMessage()));
    }
  }

  private static String address(String at, String text) throws IOException {
    if (text.isEmpty()) {
      return text;
    }
    try {
      IpText.address(text);
      return text;
    } catch (IllegalArgumentException e) {
      throw bad(at, "'%s' is %s".formatted(Quote.of(text), e.getMessage()));
    }
  }

  private static OptionalInt index(String at, JsonNode node, int interfaces) throws IOException {
    if (node == null || node.isNull()) {
      return OptionalInt.empty();
    }
    if (!node.isInt() || node.intValue() < 0 || node.intValue() >= interfaces) {
      throw bad(at, "is not the index of an interface");
    }
    return OptionalInt.of(node.intValue());
  }

  private static IOException bad(String member, String why) {
    return new IOException(member + " " + why);
  }
}
