package dev.izolo.network.process;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** Finds the host's programs, also where the daemon was started with a path that lacks the administrator's directories. */
public final class HostTools {
  private static final String STANDARD = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private HostTools() {}

  /** The search path for programs and for the children of programs: the environment's, then the standard one. */
  public static String searchPath() {
    Set<String> directories = new LinkedHashSet<>();
    String inherited = System.getenv("PATH");
    if (inherited != null) {
      directories.addAll(Arrays.asList(inherited.split(":")));
    }
    directories.addAll(Arrays.asList(STANDARD.split(":")));
    directories.removeIf(directory -> !directory.startsWith("/"));
    return String.join(":", directories);
  }

  /** The program's absolute path, or nothing if the host lacks it. */
  public static Optional<Path> find(String program) {
    return Arrays.stream(searchPath().split(":"))
        .map(directory -> Path.of(directory, program))
        .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
        .findFirst();
  }

  /** The program's absolute path; the error says which package brings it. */
  public static Path require(String program, String debianPackage) throws CommandException {
    return find(program)
        .orElseThrow(
            () ->
                new CommandException(
                    "this host has no program '%s': install it (Debian package %s)".formatted(program, debianPackage)));
  }
}
