package dev.izolo.sandbox;

import dev.izolo.image.Image;
import dev.izolo.lifecycle.Concurrently;
import dev.izolo.state.CriException;
import dev.izolo.vm.AttachedDisk;
import dev.izolo.vm.DiskSpec;
import dev.izolo.vm.Vm;
import dev.izolo.vm.VmException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The disks of a sandbox's VM: each image layer once, however many of its containers stand on it, and each container's
 * scratch disk.
 */
public final class SandboxDisks {
  private static final Logger log = LoggerFactory.getLogger(SandboxDisks.class);
  private static final int SERIAL_DIGITS = 32;

  private final Sandbox sandbox;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Set<String>> users = new HashMap<>();

  SandboxDisks(Sandbox sandbox) {
    this.sandbox = sandbox;
  }

  /** After a restart: the container stands on these layers. */
  public void restore(String containerId, List<String> diffIds) {
    lock.lock();
    try {
      diffIds.forEach(layer -> users.computeIfAbsent(layer, _ -> new HashSet<>()).add(containerId));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Attaches the layers that are not yet, side by side, and answers where all of them are, in their order. A layer that
   * an image has several times counts where it is highest: there it hides what it did further down, and overlay takes
   * no directory twice.
   *
   * @throws VmException with the layers used by nobody else detached again
   */
  public List<AttachedDisk> useLayers(String containerId, List<Image.Layer> layers)
      throws CriException, VmException, InterruptedException {
    lock.lockInterruptibly();
    try {
      for (Image.Layer layer : layers) {
        users.computeIfAbsent(layer.diffId(), _ -> new HashSet<>()).add(containerId);
      }
      var missing = new ArrayList<Callable<Void>>();
      for (Image.Layer layer : new LinkedHashSet<>(layers)) {
        if (!sandbox.record().layers().containsKey(layer.diffId())) {
          missing.add(() -> attach(layer));
        }
      }
      attachAll(missing);
      Map<String, AttachedDisk> attached = sandbox.record().layers();
      return new ArrayList<>(layers.reversed())
          .stream().map(Image.Layer::diffId).distinct().map(attached::get).toList().reversed();
    } finally {
      lock.unlock();
    }
  }

  private static void attachAll(List<Callable<Void>> missing) throws CriException, VmException, InterruptedException {
    try {
      Concurrently.all(missing);
    } catch (CriException | VmException | InterruptedException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new CriException.Internal("cannot attach an image's layers: " + e.getMessage(), e);
    }
  }

  private Void attach(Image.Layer layer) throws CriException, VmException, InterruptedException {
    Vm vm = sandbox.vm();
    AttachedDisk disk = vm.attachDisk(new DiskSpec(layer.file(), true, "l-" + digits(layer.diffId())));
    sandbox.note(record -> record.withLayer(layer.diffId(), disk).withVm(vm.record()));
    return null;
  }

  private static String digits(String digestOrId) {
    String hex = digestOrId.substring(digestOrId.indexOf(':') + 1);
    return hex.substring(0, Math.min(SERIAL_DIGITS, hex.length()));
  }

  /** Attaches a container's scratch disk. */
  public AttachedDisk attachScratch(String containerId, Path file) throws CriException, VmException, InterruptedException {
    Vm vm = sandbox.vm();
    AttachedDisk disk = vm.attachDisk(new DiskSpec(file, false, "s-" + digits(containerId)));
    sandbox.note(record -> record.withVm(vm.record()));
    return disk;
  }

  public void detachScratch(AttachedDisk disk) throws CriException, VmException, InterruptedException {
    if (sandbox.hasVm()) {
      sandbox.vm().detachDisk(disk);
    }
  }

  /** The container does not stand on its layers any more: those that none does are detached. Idempotent. */
  public void releaseLayers(String containerId) throws CriException, VmException, InterruptedException {
    lock.lockInterruptibly();
    try {
      for (Set<String> standing : users.values()) {
        standing.remove(containerId);
      }
      for (var attached : sandbox.record().layers().entrySet()) {
        if (users.getOrDefault(attached.getKey(), Set.of()).isEmpty()) {
          if (sandbox.hasVm()) {
            sandbox.vm().detachDisk(attached.getValue());
          }
          sandbox.note(record -> record.withoutLayer(attached.getKey()));
          log.debug("sandbox={} layer {} detached", sandbox.id(), attached.getKey());
        }
      }
      users.values().removeIf(Set::isEmpty);
    } finally {
      lock.unlock();
    }
  }
}
