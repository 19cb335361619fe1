package dev.izolo.e2e.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The images that tests run, all made from this machine's static busybox. */
public final class Fixtures {
  private static final Path BUSYBOX = Path.of("/bin/busybox");
  private static byte[] busybox;

  private Fixtures() {}

  /** A small Linux: busybox under all its names, users and groups, /tmp. */
  public static OciImage busybox() {
    return base().build();
  }

  /** {@link #busybox} to which a test adds layers and config. */
  public static OciImage.Builder base() {
    return OciImage.builder().layer(busyboxLayer())
        .config("Cmd", List.of("/bin/sh"))
        .config("Env", List.of("PATH=/usr/local/bin:/usr/bin:/bin:/sbin:/usr/sbin"));
  }

  /** Random bytes that are the same in each run. */
  public static byte[] random(int size, long seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static LayerTar busyboxLayer() {
    LayerTar layer = new LayerTar();
    for (String directory : List.of("bin", "dev", "etc", "home", "proc", "root", "sys", "usr", "usr/bin", "var")) {
      layer.directory(directory, directory.equals("root") ? 0700 : 0755);
    }
    layer.directory("tmp", 01777);
    layer.file("etc/passwd", 0644, """
        root:x:0:0:root:/root:/bin/sh
        daemon:x:1:1:daemon:/usr/sbin:/bin/false
        www-data:x:33:33:www-data:/var/www:/bin/false
        alice:x:1000:1000:Alice:/home/alice:/bin/sh
        nobody:x:65534:65534:nobody:/nonexistent:/bin/false
        """);
    layer.file("etc/group", 0644, """
        root:x:0:
        daemon:x:1:
        www-data:x:33:
        alice:x:1000:
        readers:x:2000:alice
        nogroup:x:65534:
        """);
    layer.file("bin/busybox", 0755, busyboxBinary());
    for (String applet : applets()) {
      if (!applet.equals("busybox")) {
        layer.hardLink("bin/" + applet, "bin/busybox");
      }
    }
    return layer;
  }

  private static synchronized byte[] busyboxBinary() {
    try {
      if (busybox == null) {
        busybox = Files.readAllBytes(Files.exists(BUSYBOX) ? BUSYBOX : Path.of("/usr/bin/busybox"));
      }
      return busybox;
    } catch (IOException e) {
      throw new UncheckedIOException("busybox-static is not installed: run tests/setup", e);
    }
  }

  private static List<String> applets() {
    try {
      Process list = new ProcessBuilder("busybox", "--list").start();
      return new String(list.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException("busybox-static is not installed: run tests/setup", e);
    }
  }

  /** The same image for two platforms, of which only linux/amd64 runs. */
  public static OciImage multiPlatform() {
    OciImage amd64 = base().config("Labels", Map.of("arch", "amd64")).build();
    OciImage arm64 = OciImage.builder().architecture("arm64").layer(new LayerTar().file("arm", 0644, "arm")).build();
    return OciImage.index(Map.of("linux/arm64", arm64, "linux/amd64", amd64));
  }
}
