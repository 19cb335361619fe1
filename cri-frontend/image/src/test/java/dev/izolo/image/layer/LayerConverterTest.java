package dev.izolo.image.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.image.Digest;
import dev.izolo.image.tar.TarFormatException;
import dev.izolo.image.testing.ErofsTools;
import dev.izolo.image.testing.LayerContent;
import dev.izolo.image.testing.LayerContent.Packing;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LayerConverterTest {
  private static final LayerLimits LIMITS = new LayerLimits(5_000, 64 << 20, 0);

  @TempDir Path directory;

  private Path convert(LayerContent content) throws IOException {
    return convert(content.tar(), Packing.NONE, LIMITS);
  }

  private Path convert(byte[] tar, Packing packing, LayerLimits limits) throws IOException {
    Path image = Files.createTempFile(directory, "layer", ".erofs");
    try (FileChannel file = FileChannel.open(image, StandardOpenOption.WRITE)) {
      new LayerConverter(limits).convert(
          new ByteArrayInputStream(LayerContent.pack(tar, packing)), Digest.sha256(tar), file, Files.getFileStore(directory));
    }
    return image;
  }

  private Path extract(Path image) throws Exception {
    Path target = Files.createTempDirectory(directory, "x").resolve("root");
    ErofsTools.extract(image, target);
    return target;
  }

  @ParameterizedTest
  @EnumSource(Packing.class)
  void keepsEveryKindOfFileHoweverItIsPacked(Packing packing) throws Exception {
    byte[] tar = new LayerContent()
        .directory("a", 0700)
        .file("a/setuid", 04755, "x".getBytes())
        .symbolicLink("a/link", "../b")
        .file("b", "content")
        .hardLink("c", "b")
        .device("null", false, 1, 3)
        .device("sda", true, 259, 70_000)
        .fifo("pipe")
        .tar();
    Path image = convert(tar, packing, LIMITS);
    Path root = extract(image);

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("a")))).isEqualTo("rwx------");
    assertThat(Files.readSymbolicLink(root.resolve("a/link"))).hasToString("../b");
    assertThat(root.resolve("c")).hasContent("content");
    assertThat(ErofsTools.show(image, "/b")).contains("Links: 2").contains("0644").contains("2023-11-14");
    assertThat(ErofsTools.show(image, "/null")).contains("char dev");
    assertThat(ErofsTools.show(image, "/sda")).contains("block dev");
    assertThat(ErofsTools.show(image, "/pipe")).contains("FIFO file");
  }

  @Test
  void isWhatTheKernelMounts() throws Exception {
    Path image = convert(new LayerContent()
        .file("setuid", 04755, "x".getBytes())
        .file("capable", 0755, "x".getBytes(), Map.of("SCHILY.xattr.user.binary", "a\nb=c"))
        .file("big", 0644, new byte[3 * 4096])
        .symbolicLink("link", "t".repeat(4095))
        .device("sda", true, 259, 70_000)
        .whiteout("", "gone")
        .opaque("opt")
        .tar(), Packing.GZIP, LIMITS);
    try (ErofsTools.Mounted mounted = ErofsTools.mount(image, directory)) {
      Path root = mounted.root();
      assertThat((Integer) Files.getAttribute(root.resolve("setuid"), "unix:mode") & 07777).isEqualTo(04755);
      assertThat(Files.size(root.resolve("big"))).isEqualTo(3 * 4096);
      assertThat(Files.readSymbolicLink(root.resolve("link"))).hasToString("t".repeat(4095));
      // Device numbers as the C library packs them: 259:70000, and 0:0 for what overlayfs takes as a whiteout.
      assertThat(ErofsTools.run(List.of("stat", "-c", "%t:%T", root.resolve("sda").toString()))).isEqualToIgnoringWhitespace("103:11170");
      assertThat(ErofsTools.run(List.of("stat", "-c", "%F %t:%T", root.resolve("gone").toString()))).isEqualToIgnoringWhitespace("character special file 0:0");
      var attributes = Files.getFileAttributeView(root.resolve("capable"), UserDefinedFileAttributeView.class);
      ByteBuffer value = ByteBuffer.allocate(16);
      attributes.read("binary", value);
      assertThat(new String(value.array(), 0, value.position(), StandardCharsets.UTF_8)).isEqualTo("a\nb=c");
    }
  }

  @Test
  void holdsAnyTreeByteForByte() throws Exception {
    Random random = new Random(42);
    LayerContent content = new LayerContent();
    Map<String, byte[]> files = new HashMap<>();
    for (int i = 0; i < 1_500; i++) {
      String name = "d" + random.nextInt(20) + "/" + "n".repeat(random.nextInt(120)) + i;
      int edge = 4096 * random.nextInt(3) - 64 + random.nextInt(130);
      byte[] data = new byte[random.nextBoolean() ? random.nextInt(200) : Math.max(0, edge)];
      random.nextBytes(data);
      files.put(name, data);
      content.file(name, 0644, data);
    }
    Path root = extract(convert(content));
    for (var file : files.entrySet()) {
      assertThat(root.resolve(file.getKey())).hasBinaryContent(file.getValue());
    }
  }

  @Test
  void sameTarMakesSameBytes() throws Exception {
    byte[] tar = new LayerContent().directory("a").file("a/b", "c").symbolicLink("d", "a").tar();
    assertThat(convert(tar, Packing.GZIP, LIMITS)).hasSameBinaryContentAs(convert(tar, Packing.ZSTD, LIMITS));
  }

  @Test
  void turnsWhiteoutsIntoOverlayfsOnes() throws Exception {
    Path image = convert(new LayerContent()
        .whiteout("etc", "gone")
        .opaque("opt")
        .directory("etc/kept")
        .whiteout("etc", "kept")
        .whiteout("", "back")
        .directory("back")
        .file("etc/own", "x")
        .whiteout("etc", "own"));
    assertThat(ErofsTools.show(image, "/etc/gone")).contains("char dev");
    assertThat(ErofsTools.show(image, "/etc/own")).contains("regular file");
    for (String opaque : new String[] {"/opt", "/etc/kept", "/back"}) {
      assertThat(ErofsTools.show(image, opaque)).as(opaque).contains("directory").contains("Xattr size: 32");
    }
    assertThat(Files.readString(image, StandardCharsets.ISO_8859_1)).contains("overlay.opaquey");
  }

  @Test
  void dropsAttributesThatWouldSpeakToOverlayfs() throws Exception {
    Path image = convert(new LayerContent().file("f", 0644, new byte[0],
        Map.of("SCHILY.xattr.trusted.overlay.redirect", "/etc", "SCHILY.xattr.user.kept", "v")));
    String bytes = Files.readString(image, StandardCharsets.ISO_8859_1);
    assertThat(bytes).contains("keptv").doesNotContain("redirect");
  }

  @Test
  void lastEntryOfANameWinsAndADirectoryKeepsItsContent() throws Exception {
    Path root = extract(convert(new LayerContent()
        .file("f", "old")
        .file("f", "new")
        .directory("d")
        .file("d/x", "x")
        .directory("d", 0711)
        .file("to-dir", "x")
        .directory("to-dir")
        .directory("to-file/sub")
        .file("to-file", "y")));
    assertThat(root.resolve("f")).hasContent("new");
    assertThat(root.resolve("d/x")).hasContent("x");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("d")))).isEqualTo("rwx--x--x");
    assertThat(root.resolve("to-dir")).isEmptyDirectory();
    assertThat(root.resolve("to-file")).hasContent("y");
  }

  @Test
  void nothingLeadsOutOfTheTree() throws Exception {
    Path root = extract(convert(new LayerContent()
        .file("../../escaped", "a")
        .symbolicLink("out", "/../../..")
        .file("out/through", "b")
        .symbolicLink("etc-link", "/etc")
        .file("etc-link/passwd", "c")
        .file("./././dots", "d")));
    assertThat(root.resolve("escaped")).hasContent("a");
    assertThat(root.resolve("through")).hasContent("b");
    assertThat(root.resolve("etc/passwd")).hasContent("c");
    assertThat(root.resolve("dots")).hasContent("d");
    assertThat(Path.of("/escaped")).doesNotExist();
  }

  @Test
  void holdsASparseGiantInLittleSpace() throws Exception {
    byte[] map = Arrays.copyOf("1\n29999997\n3\n".getBytes(), 512 + 3);
    System.arraycopy("end".getBytes(), 0, map, 512, 3);
    Path root = extract(convert(new LayerContent()
        .paxHeader(Map.of("GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.realsize", "30000000"))
        .file("giant", 0644, map)));
    byte[] giant = Files.readAllBytes(root.resolve("giant"));
    assertThat(giant).hasSize(30_000_000);
    assertThat(new String(giant, 29_999_996, 4)).isEqualTo("\0end");
  }

  @ParameterizedTest
  @ValueSource(strings = {"missing", "link/target", "../..", "dir"})
  void refusesAHardLinkToWhatIsNoEarlierFile(String target) {
    LayerContent content = new LayerContent().directory("dir").symbolicLink("link", "/dir").hardLink("bad", target);
    assertThatThrownBy(() -> convert(content)).isInstanceOf(TarFormatException.class).hasMessageContaining("hard link");
  }

  @ParameterizedTest
  @ValueSource(strings = {".wh.", ".wh..", ".wh...", "d/.wh..."})
  void refusesAWhiteoutOfNothingOrOfADirectoryItself(String name) {
    assertThatThrownBy(() -> convert(new LayerContent().file(name, "")))
        .isInstanceOf(TarFormatException.class)
        .hasMessageContaining("whiteout");
  }

  @Test
  void refusesALoopOfLinksAmongParents() {
    assertThatThrownBy(() -> convert(new LayerContent().symbolicLink("a", "b").symbolicLink("b", "a").file("a/x", "")))
        .isInstanceOf(TarFormatException.class)
        .hasMessageContaining("loop");
  }

  @Test
  void refusesTooLongANameAndAFileAsRoot() {
    assertThatThrownBy(() -> convert(new LayerContent().file("n".repeat(256), "")))
        .hasMessageContaining("longer than 255");
    assertThatThrownBy(() -> convert(new LayerContent().file("..", "x"))).hasMessageContaining("root");
  }

  @Test
  void refusesMoreEntriesThanTheLimit() {
    LayerContent content = new LayerContent();
    for (int i = 0; i < 20; i++) {
      content.file("f" + i, "");
    }
    assertThatThrownBy(() -> convert(content.tar(), Packing.NONE, new LayerLimits(10, 1 << 20, 0)))
        .isInstanceOf(LayerTooLargeException.class);
  }

  @Test
  void refusesABombBeforeItIsUnpacked() {
    byte[] zeros = new LayerContent().file("zeros", 0644, new byte[8 << 20]).tar();
    assertThatThrownBy(() -> convert(zeros, Packing.GZIP, new LayerLimits(10, 1 << 20, 0)))
        .isInstanceOf(LayerTooLargeException.class);
    assertThatThrownBy(() -> convert(zeros, Packing.GZIP, new LayerLimits(10, 1 << 30, Long.MAX_VALUE)))
        .isInstanceOf(LayerTooLargeException.class)
        .hasMessageContaining("free");
  }

  @Test
  void refusesATarOfAnotherDigestThanTheConfigSays() throws Exception {
    Path image = Files.createFile(directory.resolve("wrong"));
    try (FileChannel file = FileChannel.open(image, StandardOpenOption.WRITE)) {
      assertThatThrownBy(() -> new LayerConverter(LIMITS).convert(
              new ByteArrayInputStream(new LayerContent().file("a", "b").tar()), Digest.sha256(new byte[1]), file,
              Files.getFileStore(directory)))
          .isInstanceOf(TarFormatException.class)
          .hasMessageContaining("digest");
    }
  }

  @Test
  void aLayerIsTheSameBytesWhateverItsConverterDidBefore() throws Exception {
    Random random = new Random(3);
    byte[] noise = new byte[300_000];
    random.nextBytes(noise);
    byte[] other = new LayerContent().file("noise", 0600, noise).file("tail", 0600, Arrays.copyOf(noise, 100)).tar();
    // Sizes that leave gaps in blocks, where bytes of an earlier layer could show.
    byte[] tar = new LayerContent().directory("d").file("d/a", "a").file("d/b", 0644, Arrays.copyOf(noise, 4096 * 3 + 4090))
        .symbolicLink("d/l", "a").file("d/c", 0644, new byte[100]).tar();
    LayerConverter used = new LayerConverter(LIMITS);
    convert(used, other);
    assertThatThrownBy(() -> convert(used, Arrays.copyOf(other, other.length / 2))).isInstanceOf(IOException.class);

    assertThat(convert(used, tar)).hasSameBinaryContentAs(convert(new LayerConverter(LIMITS), tar));
  }

  @Test
  void layersConvertedAtTheSameTimeDoNotMix() throws Exception {
    LayerConverter shared = new LayerConverter(LIMITS);
    List<byte[]> tars = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      byte[] noise = new byte[1 << 20];
      new Random(i).nextBytes(noise);
      tars.add(new LayerContent().file("noise", 0644, noise).file("small", "" + i).tar());
    }
    List<Future<Path>> together = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      tars.forEach(tar -> together.add(threads.submit(() -> convert(shared, tar))));
    }
    for (int i = 0; i < tars.size(); i++) {
      assertThat(together.get(i).get()).hasSameBinaryContentAs(convert(new LayerConverter(LIMITS), tars.get(i)));
    }
  }

  private Path convert(LayerConverter converter, byte[] tar) throws IOException {
    Path image = Files.createTempFile(directory, "layer", ".erofs");
    try (FileChannel file = FileChannel.open(image, StandardOpenOption.WRITE)) {
      converter.convert(new ByteArrayInputStream(tar), Digest.sha256(tar), file, Files.getFileStore(directory));
    }
    return image;
  }

  @Test
  void noDamageEverDoesMoreThanFail() throws Exception {
    byte[] tar = new LayerContent()
        .directory("a")
        .file("a/" + "l".repeat(150), 0644, new byte[5000], Map.of("SCHILY.xattr.user.x", "y"))
        .hardLink("h", "a/" + "l".repeat(150))
        .tar();
    Random random = new Random(7);
    int failed = 0;
    for (int round = 0; round < 400; round++) {
      byte[] damaged = tar.clone();
      for (int i = 0; i <= random.nextInt(4); i++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      try {
        Files.delete(convert(damaged, Packing.NONE, LIMITS));
      } catch (IOException e) {
        failed++;
      }
    }
    assertThat(failed).isPositive();
  }
}
