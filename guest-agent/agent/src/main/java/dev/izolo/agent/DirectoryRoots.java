package dev.izolo.agent;

import dev.izolo.agent.storage.RootfsProvider;
import dev.izolo.agent.v1.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Container roots that are directories with a user database and nothing else: what training and tests use where nothing may be mounted. */
final class DirectoryRoots implements RootfsProvider {
  @Override
  public Root mount(List<Disk> layers, Disk scratch, Path directory) throws IOException {
    Path root = Files.createDirectories(directory.resolve("rootfs"));
    Path etc = Files.createDirectories(root.resolve("etc"));
    Files.writeString(etc.resolve("passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    Files.writeString(etc.resolve("group"), "root:x:0:\nwheel:x:10:root\n");
    return new DirectoryRoot(root);
  }

  private record DirectoryRoot(Path path) implements Root {
    @Override
    public Path writable() {
      return path;
    }

    @Override
    public void unmount() throws IOException {
      Files.deleteIfExists(path.resolve("etc/passwd"));
      Files.deleteIfExists(path.resolve("etc/group"));
      Files.deleteIfExists(path.resolve("etc"));
      Files.deleteIfExists(path);
    }
  }
}
