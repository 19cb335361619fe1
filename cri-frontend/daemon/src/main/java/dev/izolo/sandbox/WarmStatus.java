package dev.izolo.sandbox;

import dev.izolo.vm.Template;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is there ahead of need.
 *
 * @param pool all sizes together
 * @param byHandler of handlers whose pods start from the pool; handlers of one size share it
 */
public record WarmStatus(Pool pool, Map<String, Pool> byHandler, List<SavedVm> templates) {
  /** @param size how many there should be, within the bound on memory */
  public record Pool(int size, int ready) {}

  /** The template for VMs of a size, or that there is none. */
  public record SavedVm(VmSize size, boolean beingMade, Optional<Template> template) {}
}
