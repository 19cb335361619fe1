package dev.izolo.sandbox;

import dev.izolo.agent.v1.ContainerUsage;
import dev.izolo.agent.v1.GetStatsResponse;
import dev.izolo.agent.v1.InterfaceUsage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a sandbox's VM, its containers and its network used at one time, from one answer of its guest. Holds no more than
 * was asked for, however much the guest answered.
 *
 * @param interfaces without loopback, in the guest's order
 */
public record UsageSample(UsageReading sandbox, List<Interface> interfaces, Map<String, Container> containers) {
  private static final int MAX_INTERFACES = 32;
  /** IFNAMSIZ, less the zero at its end. */
  private static final int MAX_INTERFACE_NAME = 15;

  /** Traffic of one interface. */
  public record Interface(String name, long rxBytes, long rxErrors, long txBytes, long txErrors) {}

  /** What a container used, and what its writable layer holds. */
  public record Container(UsageReading usage, long writableUsedBytes, long writableUsedInodes) {}

  /**
   * @param askedFor the containers that the guest was asked for
   * @param before the sample before this one, or null: rates are taken between the two
   */
  static UsageSample of(Set<String> askedFor, GetStatsResponse answer, UsageSample before) {
    var containers = new HashMap<String, Container>();
    for (ContainerUsage usage : answer.getContainersList()) {
      String id = usage.getContainerId();
      if (askedFor.contains(id)) {
        UsageReading last = before == null ? null : before.container(id).map(Container::usage).orElse(null);
        containers.putIfAbsent(id, new Container(UsageReading.of(usage.getUsage(), last),
            usage.getWritableUsedBytes(), usage.getWritableUsedInodes()));
      }
    }
    UsageReading last = before == null ? null : before.sandbox;
    return new UsageSample(UsageReading.of(answer.getSandbox(), last), interfaces(answer), Map.copyOf(containers));
  }

  private static List<Interface> interfaces(GetStatsResponse answer) {
    var interfaces = new ArrayList<Interface>();
    for (InterfaceUsage link : answer.getInterfacesList()) {
      String name = link.getName();
      if (!name.equals("lo") && !name.isEmpty() && name.length() <= MAX_INTERFACE_NAME
          && interfaces.size() < MAX_INTERFACES) {
        interfaces.add(
            new Interface(name, link.getRxBytes(), link.getRxErrors(), link.getTxBytes(), link.getTxErrors()));
      }
    }
    return List.copyOf(interfaces);
  }

  /** Empty if the guest did not tell of it. */
  public Optional<Container> container(String id) {
    return Optional.ofNullable(containers.get(id));
  }
}
