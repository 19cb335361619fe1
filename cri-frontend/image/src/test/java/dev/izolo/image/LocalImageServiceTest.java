package dev.izolo.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.izolo.image.layer.LayerLimits;
import dev.izolo.image.testing.ErofsTools;
import dev.izolo.image.testing.ImageBuilder;
import dev.izolo.image.testing.LayerContent;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalImageServiceTest {
  @TempDir Path directory;
  private LocalImageService images;

  @BeforeEach
  void open() throws Exception {
    images = LocalImageService.open(directory.resolve("store"), ImageSettings.DEFAULT);
  }

  @AfterEach
  void close() {
    images.close();
  }

  private ImageBuilder.Built hello() {
    return new ImageBuilder()
        .layer(new LayerContent().directory("bin").file("bin/hello", 0755, "#!/bin/sh\n".getBytes()))
        .layer(new LayerContent().file("etc/motd", "hi"), LayerContent.Packing.ZSTD)
        .entrypoint("/bin/hello")
        .env("A=b")
        .build();
  }

  private Image importHello() throws Exception {
    Path layout = Files.createTempDirectory(directory, "layout");
    hello().writeLayout(layout);
    return images.importLayout(layout, "hello", true);
  }

  @Test
  void importsALayoutUnderItsShortName() throws Exception {
    Image image = importHello();

    assertThat(image.repoTags()).containsExactly("izolo.local/hello:latest");
    assertThat(image.repoDigests()).containsExactly(hello().byDigest("izolo.local/hello"));
    assertThat(image.pinned()).isTrue();
    assertThat(image.config().entrypoint()).containsExactly("/bin/hello");
    assertThat(image.config().env()).containsExactly("A=b");
    ErofsTools.extract(image.layers().getFirst().file(), directory.resolve("x"));
    assertThat(directory.resolve("x/bin/hello")).hasContent("#!/bin/sh\n");
  }

  @Test
  void findsAnImageByEachOfItsNames() throws Exception {
    Image image = importHello();
    String hex = image.id().substring("sha256:".length());

    for (String name : List.of("hello", "izolo.local/hello", "izolo.local/hello:latest", image.id(), hex,
        hex.substring(0, 12), "sha256:" + hex.substring(0, 12), image.repoDigests().getFirst())) {
      assertThat(images.find(name)).as(name).contains(image);
    }
    assertThat(images.find("izolo.local/hello:other")).isEmpty();
    assertThat(images.find("")).isEmpty();
    assertThat(images.find("../../etc")).isEmpty();
  }

  @Test
  void isFoundAgainByTheNextProcess() throws Exception {
    Image image = importHello();
    try (LocalImageService next = LocalImageService.open(directory.resolve("store"), ImageSettings.DEFAULT)) {
      assertThat(next.list()).containsExactly(image);
    }
  }

  @Test
  void removesAllNamesAndFilesButWaitsForTheLastLease() throws Exception {
    Image image = importHello();
    try (ImageService.LayerLease lease = images.lease(image)) {
      images.remove("hello");
      images.remove("hello");
      assertThat(images.list()).isEmpty();
      assertThat(lease.layers()).allSatisfy(layer -> assertThat(layer.file()).exists());
    }
    assertThat(image.layers()).allSatisfy(layer -> assertThat(layer.file()).doesNotExist());
    assertThatThrownBy(() -> images.lease(image)).isInstanceOf(ImageException.NotFound.class);
  }

  /** A VM has its layers' files open, so that neither the removal nor the restart takes them from it. */
  @Test
  void theNextProcessDeletesWhatWasOnlyLeasedButTakesNothingFromWhoHasItOpen() throws Exception {
    Image image = importHello();
    Path layer = image.layers().getFirst().file();
    byte[] content = Files.readAllBytes(layer);
    images.lease(image); // never closed, as a process that dies does not
    try (InputStream open = Files.newInputStream(layer)) {
      images.remove("hello");
      images.close();
      images = LocalImageService.open(directory.resolve("store"), ImageSettings.DEFAULT);
      assertThat(layer).doesNotExist();
      Image again = importHello();
      assertThat(again).isEqualTo(image);
      assertThat(layer).hasBinaryContent(content);
      assertThat(open.readAllBytes()).isEqualTo(content);
      try (ImageService.LayerLease _ = images.lease(again)) {
        images.remove(again.id());
        assertThat(layer).exists();
      }
      assertThat(layer).doesNotExist();
    }
  }

  @Test
  void refusesAnImageThatWouldLeaveTooLittleSpaceBeforeItIsFetched() throws Exception {
    LayerLimits noRoom = new LayerLimits(100, 1L << 30, Long.MAX_VALUE >> 1);
    Path layout = directory.resolve("any");
    hello().writeLayout(layout);
    Path store = directory.resolve("full");
    try (LocalImageService tight = LocalImageService.open(store, ImageSettings.DEFAULT.withLimits(noRoom))) {
      assertThatThrownBy(() -> tight.importLayout(layout, "example.com/any", false))
          .isInstanceOf(ImageException.NoSpace.class)
          .hasMessageContaining("no space left in " + store).hasMessageContaining("are to stay so");
    }
    try (LocalImageService roomy = LocalImageService.open(store, ImageSettings.DEFAULT)) {
      roomy.importLayout(layout, "example.com/any", false);
    }
    try (LocalImageService tight = LocalImageService.open(store, ImageSettings.DEFAULT.withLimits(noRoom))) {
      assertThat(tight.importLayout(layout, "example.com/other", false).repoTags()).hasSize(2);
    }
  }

  @Test
  void neverAsksANetworkForABuiltInImage() {
    assertThatThrownBy(() -> images.pull("hello", RegistryAuth.NONE)).isInstanceOf(ImageException.NotFound.class);
  }

  @Test
  void hidesAnImageWhoseLayerWasLostUntilItIsBack() throws Exception {
    Image image = importHello();
    Files.delete(image.layers().getFirst().file());
    assertThat(images.find("hello")).isEmpty();
    assertThat(importHello()).isEqualTo(image);
    assertThat(images.find("hello")).contains(image);
  }

  @Test
  void removesWhatACrashLeft() throws Exception {
    importHello();
    images.close();
    Path temporary = Files.createFile(directory.resolve("store/layers/.tmp-123"));
    Path orphan = Files.createFile(directory.resolve("store/layers/sha256-" + "0".repeat(64) + ".erofs"));
    images = LocalImageService.open(directory.resolve("store"), ImageSettings.DEFAULT);
    assertThat(temporary).doesNotExist();
    assertThat(orphan).doesNotExist();
    assertThat(images.find("hello")).isPresent();
  }

  @Test
  void refusesAnImageWithoutLayers() throws Exception {
    Path layout = directory.resolve("empty");
    new ImageBuilder().entrypoint("/x").build().writeLayout(layout);
    assertThatThrownBy(() -> images.importLayout(layout, "example.com/empty", false))
        .isInstanceOf(ImageException.Corrupt.class)
        .hasMessageContaining("no layers");
  }

  @Test
  void refusesAnImageForAnotherPlatform() throws Exception {
    Path layout = directory.resolve("arm");
    new ImageBuilder().layer(new LayerContent().file("a", "b")).architecture("arm64").build().writeLayout(layout);
    assertThatThrownBy(() -> images.importLayout(layout, "example.com/arm", false))
        .isInstanceOf(ImageException.NotFound.class)
        .hasMessageContaining("linux/arm64");
  }

  @Test
  void namesTheBlobThatALayoutLacksAndLeavesNothing() throws Exception {
    Path layout = directory.resolve("torn");
    ImageBuilder.Built built = hello();
    built.writeLayout(layout);
    Files.delete(layout.resolve("blobs/sha256").resolve(built.layerDigests().getLast().hex()));
    assertThatThrownBy(() -> images.importLayout(layout, "example.com/torn", false))
        .isInstanceOf(ImageException.NotFound.class)
        .hasMessageContaining(built.layerDigests().getLast().hex());
    assertThat(directory.resolve("store/layers")).isEmptyDirectory();
  }

  @Test
  void movesATagToTheImageThatHasItNow() throws Exception {
    Image first = importHello();
    Path layout = directory.resolve("newer");
    new ImageBuilder().layer(new LayerContent().file("new", "x")).build().writeLayout(layout);
    Image second = images.importLayout(layout, "hello", false);
    assertThat(images.find("hello")).contains(second);
    assertThat(images.find(first.id()).orElseThrow().repoTags()).isEmpty();
  }

  @Test
  void saysThatTheDiskIsFullAndLeavesNothing() throws Exception {
    Path small = Files.createDirectory(directory.resolve("small"));
    Process mount = new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=2m", "none", small.toString()).start();
    assumeThat(mount.waitFor()).as("this user may mount a tmpfs").isZero();
    LayerLimits anyRoom = new LayerLimits(100, 1L << 30, 0);
    try (LocalImageService tight = LocalImageService.open(small, ImageSettings.DEFAULT.withLimits(anyRoom))) {
      Path layout = directory.resolve("zeros");
      new ImageBuilder().layer(new LayerContent().file("zeros", 0644, new byte[8 << 20])).build().writeLayout(layout);
      assertThatThrownBy(() -> tight.importLayout(layout, "example.com/zeros", false))
          .isInstanceOf(ImageException.NoSpace.class)
          .hasMessageContaining("no space left in " + small);
      assertThat(small.resolve("layers")).isEmptyDirectory();
    } finally {
      ErofsTools.run(List.of("umount", small.toString()));
    }
  }

  @Test
  void countsWhatImagesTake() throws Exception {
    ImageService.Usage before = images.usage();
    Image image = importHello();
    long layers = image.layers().stream().mapToLong(Image.Layer::sizeBytes).sum();
    assertThat(images.usage().usedBytes()).isGreaterThan(before.usedBytes() + layers);
    assertThat(images.usage().usedInodes()).isEqualTo(before.usedInodes() + image.layers().size() + 2);
  }
}
