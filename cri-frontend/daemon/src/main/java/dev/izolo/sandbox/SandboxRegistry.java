package dev.izolo.sandbox;

import dev.izolo.state.CriException;
import dev.izolo.state.Ids;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The sandboxes that were announced and not yet removed. */
public final class SandboxRegistry {
  private final Map<String, Sandbox> byId = new ConcurrentHashMap<>();

  void add(Sandbox sandbox) {
    byId.put(sandbox.id(), sandbox);
  }

  void remove(Sandbox sandbox) {
    byId.remove(sandbox.id(), sandbox);
  }

  public Collection<Sandbox> all() {
    return List.copyOf(byId.values());
  }

  /**
   * The sandbox with this id, or the only one whose id begins so.
   *
   * @throws CriException.InvalidArgument if several ids begin so
   */
  public Optional<Sandbox> find(String idOrPrefix) throws CriException {
    Sandbox exact = byId.get(idOrPrefix);
    if (exact != null || !Ids.isPrefix(idOrPrefix)) {
      return Optional.ofNullable(exact);
    }
    List<Sandbox> matches = byId.values().stream().filter(s -> s.id().startsWith(idOrPrefix)).toList();
    if (matches.size() > 1) {
      throw new CriException.InvalidArgument(
          "sandbox id prefix \"" + idOrPrefix + "\" fits " + matches.size() + " sandboxes: give more of it");
    }
    return matches.stream().findFirst();
  }

  public Sandbox get(String idOrPrefix) throws CriException {
    return find(idOrPrefix).orElseThrow(() -> new CriException.NotFound("no sandbox \"" + idOrPrefix + "\""));
  }
}
