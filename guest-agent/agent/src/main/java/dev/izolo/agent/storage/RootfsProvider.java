package dev.izolo.agent.storage;

import dev.izolo.agent.v1.Disk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Makes and takes down container roots. */
public interface RootfsProvider {
  /**
   * Stacks the layers, lowest first, under the scratch disk.
   *
   * @param directory the container's own, which exists; on an error nothing is left mounted in it
   */
  Root mount(List<Disk> layers, Disk scratch, Path directory) throws IOException;

  /** A container's root. */
  interface Root {
    Path path();

    /** Where the writable layer's use can be measured. */
    Path writable();

    /** Unmounts it and lets the host unplug what no other container uses. Can be called again after an error. */
    void unmount() throws IOException;
  }
}
