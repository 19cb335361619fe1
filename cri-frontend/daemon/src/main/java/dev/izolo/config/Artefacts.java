package dev.izolo.config;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What the launcher's set-up made, as it tells the daemon in system properties.
 *
 * @param kernel the guest's vmlinux
 * @param rootfs the guest's root, an EROFS image
 * @param hello an OCI image layout of the image that Izolo ships with
 * @param vsockBackend the vhost-device-vsock program
 * @param version Izolo's own
 */
public record Artefacts(
    Optional<Path> kernel, Optional<Path> rootfs, Optional<Path> hello, Optional<Path> vsockBackend, String version) {

  /** Reads {@code izolo.kernel}, {@code izolo.rootfs}, {@code izolo.hello}, {@code izolo.vsockBackend} and so on. */
  public static Artefacts fromSystemProperties() {
    return from(System::getProperty);
  }

  static Artefacts from(Map<String, String> properties) {
    return from(properties::get);
  }

  private static Artefacts from(Function<String, String> properties) {
    Function<String, Optional<Path>> path =
        name -> Optional.ofNullable(properties.apply(name)).filter(text -> !text.isBlank()).map(Path::of);
    String version = properties.apply("izolo.version");
    return new Artefacts(path.apply("izolo.kernel"), path.apply("izolo.rootfs"), path.apply("izolo.hello"),
        path.apply("izolo.vsockBackend"), version == null || version.isBlank() ? "0.1.0-dev" : version);
  }
}
