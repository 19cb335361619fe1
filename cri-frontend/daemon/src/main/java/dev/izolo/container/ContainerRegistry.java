package dev.izolo.container;

import dev.izolo.state.CriException;
import dev.izolo.state.Ids;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** All containers of all sandboxes, those included that are being made and not announced yet. */
final class ContainerRegistry {
  private static final Comparator<ContainerUnit> NEWEST_FIRST =
      Comparator.comparingLong((ContainerUnit unit) -> unit.record().life().createdAtNanos()).reversed();

  private final Map<String, ContainerUnit> byId = new ConcurrentHashMap<>();
  // Copied at each change, so that lists, which are asked for every second, neither sort nor wait.
  private final Map<String, List<ContainerUnit>> bySandbox = new ConcurrentHashMap<>();
  private volatile List<ContainerUnit> newestFirst = List.of();

  synchronized void add(ContainerUnit unit) {
    byId.put(unit.id(), unit);
    bySandbox.merge(unit.sandbox().id(), List.of(unit), (before, added) -> with(before, unit));
    newestFirst = with(newestFirst, unit);
  }

  synchronized void remove(ContainerUnit unit) {
    if (byId.remove(unit.id(), unit)) {
      bySandbox.computeIfPresent(unit.sandbox().id(), (id, before) -> before.size() == 1 ? null : without(before, unit));
      newestFirst = without(newestFirst, unit);
    }
  }

  private static List<ContainerUnit> with(List<ContainerUnit> before, ContainerUnit unit) {
    var more = new ArrayList<>(before);
    more.add(unit);
    more.sort(NEWEST_FIRST);
    return Collections.unmodifiableList(more);
  }

  private static List<ContainerUnit> without(List<ContainerUnit> before, ContainerUnit unit) {
    var fewer = new ArrayList<>(before);
    fewer.remove(unit);
    return Collections.unmodifiableList(fewer);
  }

  /** Every container of a sandbox, announced or not. */
  List<ContainerUnit> allOf(String sandboxId) {
    return bySandbox.getOrDefault(sandboxId, List.of());
  }

  List<ContainerUnit> all() {
    return newestFirst;
  }

  /** Those that CRI's callers may know, oldest last. */
  List<ContainerUnit> announced() {
    List<ContainerUnit> all = newestFirst;
    var announced = new ArrayList<ContainerUnit>(all.size());
    for (ContainerUnit unit : all) {
      if (unit.step().announced()) {
        announced.add(unit);
      }
    }
    return announced;
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
