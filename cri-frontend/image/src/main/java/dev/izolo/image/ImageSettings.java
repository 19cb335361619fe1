package dev.izolo.image;

import dev.izolo.image.layer.LayerLimits;
import dev.izolo.image.registry.RegistrySettings;
import java.util.Map;

/**
 * How images are pulled and kept.
 *
 * @param shortNames whole references for names without a registry, e.g. {@code hello} for the built-in image
 * @param maxConcurrentDownloads layers fetched at a time, over all pulls
 */
public record ImageSettings(
    RegistrySettings registry, LayerLimits limits, Map<String, String> shortNames, int maxConcurrentDownloads) {
  /** Registry of images that come with the product: never asked over a network. */
  public static final String BUILT_IN_DOMAIN = "izolo.local";

  public static final ImageSettings DEFAULT =
      new ImageSettings(RegistrySettings.DEFAULT, LayerLimits.DEFAULT, Map.of("hello", BUILT_IN_DOMAIN + "/hello:latest"), 3);

  public ImageSettings {
    shortNames = Map.copyOf(shortNames);
    if (maxConcurrentDownloads < 1) {
      throw new IllegalArgumentException("at least one download at a time is needed");
    }
  }

  public ImageSettings withRegistry(RegistrySettings changed) {
    return new ImageSettings(changed, limits, shortNames, maxConcurrentDownloads);
  }

  public ImageSettings withLimits(LayerLimits changed) {
    return new ImageSettings(registry, changed, shortNames, maxConcurrentDownloads);
  }
}
