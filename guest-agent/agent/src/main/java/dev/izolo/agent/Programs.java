package dev.izolo.agent;

import java.nio.file.Files;
import java.nio.file.Path;

/** Finds programs of the guest's root, which has no search path of its own to inherit. */
public final class Programs {
  private static final String[] DIRECTORIES = {"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"};

  private Programs() {}

  /** The program's absolute path, or null. */
  public static Path find(String name) {
    for (String directory : DIRECTORIES) {
      Path path = Path.of(directory + name);
      if (Files.isExecutable(path)) {
        return path;
      }
    }
    return null;
  }
}
