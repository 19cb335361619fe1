package dev.izolo.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.izolo.image.Image;
import dev.izolo.image.ImageSettings;
import dev.izolo.image.LocalImageService;
import dev.izolo.image.RegistryAuth;
import dev.izolo.image.testing.ErofsTools;
import dev.izolo.image.testing.ImageBuilder;
import dev.izolo.image.testing.LayerContent;
import dev.izolo.image.testing.LayerContent.Packing;
import java.io.BufferedReader;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With Debian's docker-registry, a real one. */
class DockerRegistryTest {
  private static final Path BINARY = Path.of("/usr/bin/docker-registry");

  @TempDir Path directory;
  private Process registry;
  private URI url;

  @BeforeEach
  void start() throws Exception {
    assumeThat(BINARY).as("the package docker-registry is installed").isExecutable();
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    url = URI.create("http://127.0.0.1:" + port);
    Path config = Files.writeString(directory.resolve("registry.yml"), """
        version: 0.1
        storage:
          filesystem:
            rootdirectory: %s
        http:
          addr: 127.0.0.1:%d
        """.formatted(directory.resolve("registry"), port));
    registry = new ProcessBuilder(BINARY.toString(), "serve", config.toString()).redirectErrorStream(true).start();
    BufferedReader log = registry.inputReader();
    String line;
    do {
      line = log.readLine();
      assertThat(line).as("the registry's log, before it listens").isNotNull();
    } while (!line.contains("listening on"));
    Thread.startVirtualThread(() -> log.lines().forEach(_ -> {}));
  }

  @AfterEach
  void stop() throws Exception {
    if (registry != null) {
      registry.destroy();
      registry.waitFor();
    }
  }

  @Test
  void pullsWhatWasPushed() throws Exception {
    ImageBuilder.Built built = new ImageBuilder()
        .layer(new LayerContent().file("a", "gzip"), Packing.GZIP)
        .layer(new LayerContent().file("b", "zstd"), Packing.ZSTD)
        .layer(new LayerContent().file("c", "none"), Packing.NONE)
        .build();
    built.push(url, "team/app", "v1");
    try (LocalImageService images = LocalImageService.open(directory.resolve("store"), ImageSettings.DEFAULT)) {
      Image image = images.pull(url.getRawAuthority() + "/team/app:v1", RegistryAuth.NONE);
      assertThat(image.id()).isEqualTo(built.configDigest().toString());
      assertThat(image.layers()).hasSize(3);
      ErofsTools.extract(image.layers().get(1).file(), directory.resolve("x"));
      assertThat(directory.resolve("x/b")).hasContent("zstd");
    }
  }

  /** The bar is containerd's time for an image like this: 85 MB in five gzip layers, 220 MB unpacked. */
  @Test
  @Tag("bench")
  void pullsALargeImageAsFastAsContainerd() throws Exception {
    Random random = new Random(3);
    ImageBuilder builder = new ImageBuilder();
    for (int layer = 0; layer < 5; layer++) {
      LayerContent content = new LayerContent();
      for (int file = 0; file < 600; file++) {
        byte[] data = new byte[file % 100 == 0 ? 2_500_000 : 48_000 + random.nextInt(4096)];
        // Bytes that deflate to some two fifths, as programs and texts do.
        for (int i = 0; i < data.length; i++) {
          data[i] = (byte) Math.abs(random.nextGaussian() * 2.2);
        }
        content.file("layer" + layer + "/d" + file % 37 + "/f" + file, 0644, data);
      }
      builder.layer(content);
    }
    ImageBuilder.Built built = builder.build();
    built.push(url, "large", "v1");
    long packed = built.blobs().values().stream().mapToLong(blob -> blob.length).sum();
    for (int round = 0; round < 4; round++) {
      Path store = directory.resolve("store" + round);
      try (LocalImageService images = LocalImageService.open(store, ImageSettings.DEFAULT)) {
        long started = System.nanoTime();
        Image image = images.pull(url.getRawAuthority() + "/large:v1", RegistryAuth.NONE);
        Duration took = Duration.ofNanos(System.nanoTime() - started);
        long unpacked = image.layers().stream().mapToLong(Image.Layer::sizeBytes).sum();
        System.out.printf("pulled %d MB, %d MB unpacked, in %d ms%n", packed / 1_000_000, unpacked / 1_000_000, took.toMillis());
        assertThat(took).isLessThan(Duration.ofMillis(5500));
      }
    }
  }
}
