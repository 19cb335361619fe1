package dev.izolo.image.layer;

/** Counts what a layer makes. */
final class EntryBudget {
  private final int limit;
  private int taken;

  EntryBudget(int limit) {
    this.limit = limit;
  }

  void take() throws LayerTooLargeException {
    if (++taken > limit) {
      throw new LayerTooLargeException("the layer has more than " + limit + " entries");
    }
  }
}
