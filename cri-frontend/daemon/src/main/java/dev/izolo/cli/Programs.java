package dev.izolo.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Programs of this host, as a shell would find them. */
final class Programs {
  /** Where system programs are, whether or not the caller's PATH has them. */
  private static final String ALWAYS = ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";

  private Programs() {}

  static Optional<Path> find(String name) {
    String path = System.getenv().getOrDefault("PATH", "") + ALWAYS;
    return Stream.of(path.split(":"))
        .filter(directory -> directory.startsWith("/"))
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
