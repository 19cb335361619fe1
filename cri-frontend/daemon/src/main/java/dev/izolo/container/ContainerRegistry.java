package dev.izolo.container;

import dev.izolo.state.CriException;
import dev.izolo.state.Ids;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** All containers of all sandboxes, those included that are being made and not announced yet. */
final class ContainerRegistry {
  private final Map<String, ContainerUnit> byId = new ConcurrentHashMap<>();

  void add(ContainerUnit unit) {
    byId.put(unit.id(), unit);
  }

  void remove(ContainerUnit unit) {
    byId.remove(unit.id(), unit);
  }

  /** Every container of a sandbox, announced or not. */
  List<ContainerUnit> allOf(String sandboxId) {
    return byId.values().stream().filter(unit -> unit.sandbox().id().equals(sandboxId)).toList();
  }

  List<ContainerUnit> all() {
    return List.copyOf(byId.values());
  }

  /** Those that CRI's callers may know, oldest last. */
  List<ContainerUnit> announced() {
    return byId.values().stream()
        .filter(unit -> unit.step().announced())
        .sorted(Comparator.comparingLong((ContainerUnit unit) -> unit.record().life().createdAtNanos()).reversed())
        .toList();
  }

  /**
   * The container with this id, or the only one whose id begins so.
   *
   * @throws CriException.InvalidArgument if several ids begin so
   */
  Optional<ContainerUnit> find(String idOrPrefix) throws CriException {
    ContainerUnit exact = byId.get(idOrPrefix);
    if (exact != null || !Ids.isPrefix(idOrPrefix)) {
      return Optional.ofNullable(exact).filter(unit -> unit.step().announced());
    }
    List<ContainerUnit> matches = announced().stream().filter(unit -> unit.id().startsWith(idOrPrefix)).toList();
    if (matches.size() > 1) {
      throw new CriException.InvalidArgument(
          "container id prefix \"" + idOrPrefix + "\" fits " + matches.size() + " containers: give more of it");
    }
    return matches.stream().findFirst();
  }

  ContainerUnit get(String idOrPrefix) throws CriException {
    return find(idOrPrefix).orElseThrow(() -> new CriException.NotFound("no container \"" + idOrPrefix + "\""));
  }
}
