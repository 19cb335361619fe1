package dev.izolo.sandbox;

import dev.izolo.vm.Warmup;
import java.time.Duration;

/**
 * What is made ahead of need.
 *
 * @param templates whether VMs are saved and copied
 * @param warmup what a VM does before it is saved
 * @param maxPoolBytes the most guest memory that all waiting sandboxes have together
 * @param templateQuiet how long no pod must have been started before a template is made, which keeps a processor busy
 *     for a cold boot and more
 * @param refillQuiet the same for one more waiting sandbox
 */
public record WarmSettings(
    boolean templates, Warmup warmup, long maxPoolBytes, Duration templateQuiet, Duration refillQuiet) {
  /** The usual pauses: a pod's first container starts undisturbed. */
  public static WarmSettings of(boolean templates, Warmup warmup, long maxPoolBytes) {
    return new WarmSettings(templates, warmup, maxPoolBytes, Duration.ofSeconds(2), Duration.ofMillis(300));
  }

  /** Nothing is made ahead. */
  public static WarmSettings none() {
    return of(false, _ -> { }, 0);
  }
}
