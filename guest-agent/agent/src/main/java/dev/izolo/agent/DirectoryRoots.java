package dev.izolo.agent;

import dev.izolo.agent.storage.RootfsProvider;
import dev.izolo.agent.v1.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Container roots that are empty directories: what training and tests use where nothing may be mounted. */
final class DirectoryRoots implements RootfsProvider {
  @Override
  public Root mount(List<Disk> layers, Disk scratch, Path directory) throws IOException {
    return new DirectoryRoot(Files.createDirectories(directory.resolve("rootfs")));
  }

  private record DirectoryRoot(Path path) implements Root {
    @Override
    public Path writable() {
      return path;
    }

    @Override
    public void unmount() throws IOException {
      Files.deleteIfExists(path);
    }
  }
}
