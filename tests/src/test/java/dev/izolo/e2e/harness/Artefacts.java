package dev.izolo.e2e.harness;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * The built parts that a real VM needs, as the launcher's {@code izolo test} names them by system properties.
 *
 * @param kernel the guest kernel, an uncompressed vmlinux
 * @param rootfs the guest's root, an EROFS image
 * @param hello the OCI layout of the image that Izolo ships with
 * @param vsockBackend the host's side of vsock where the kernel has none, or null
 */
public record Artefacts(Path kernel, Path rootfs, Path hello, Path vsockBackend) {

  /** Those of this run. The test is skipped, with the reason, when they are not given or it is not run as root. */
  public static Artefacts required() {
    Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "needs root: run ./izolo test vm");
    return new Artefacts(path("izolo.kernel"), path("izolo.rootfs"), path("izolo.hello"), optional("izolo.vsockBackend"));
  }

  private static Path path(String property) {
    Path path = optional(property);
    Assumptions.assumeTrue(path != null, "property " + property + " is not set: run ./izolo test vm");
    if (!Files.exists(path)) {
      throw new AssertionError(property + " names a file that does not exist: " + path);
    }
    return path;
  }

  private static Path optional(String property) {
    String value = System.getProperty(property, "");
    return value.isEmpty() ? null : Path.of(value);
  }
}
