package dev.izolo.network.cni;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a runtime tells plugins about one attachment.
 *
 * @param containerId {@code CNI_CONTAINERID}: the sandbox's id
 * @param namespace {@code CNI_NETNS}; empty in a DEL when the namespace is gone
 * @param interfaceName {@code CNI_IFNAME}
 * @param args {@code CNI_ARGS}
 * @param capabilityArgs by capability; a plugin is given those that it declares, as its {@code runtimeConfig}
 */
public record CniCall(
    String containerId, String namespace, String interfaceName, Map<String, String> args, ObjectNode capabilityArgs) {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}");
  private static final Pattern ARGUMENT = Pattern.compile("[^;=\\x00-\\x1f\\x7f]{0,512}");

  /**
   * @throws IllegalArgumentException if an argument holds what the format uses as separators: it could otherwise pass
   *     itself off as another argument
   */
  public CniCall {
    if (!ID.matcher(containerId).matches()) {
      throw new IllegalArgumentException("a container id for CNI must match " + ID.pattern());
    }
    args = new LinkedHashMap<>(args);
    args.forEach(
        (name, value) -> {
          if (!ARGUMENT.matcher(value).matches()) {
            throw new IllegalArgumentException(
                "%s holds ';', '=', a control character or more than 512 characters, which CNI cannot carry"
                    .formatted(name));
          }
        });
  }

  public CniCall withNamespace(String other) {
    return new CniCall(containerId, other, interfaceName, args, capabilityArgs);
  }

  Map<String, String> environment(String command) {
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("CNI_COMMAND", command);
    variables.put("CNI_CONTAINERID", containerId);
    variables.put("CNI_NETNS", namespace);
    variables.put("CNI_IFNAME", interfaceName);
    variables.put(
        "CNI_ARGS",
        args.entrySet().stream().map(arg -> arg.getKey() + "=" + arg.getValue()).collect(Collectors.joining(";")));
    return variables;
  }
}
