package dev.izolo.e2e;

import static dev.izolo.e2e.harness.IzoloUnderTest.reference;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.izolo.cri.v1.ListImagesRequest;
import dev.izolo.e2e.harness.BrokenRegistry;
import dev.izolo.e2e.harness.Fixtures;
import dev.izolo.e2e.harness.IzoloUnderTest;
import dev.izolo.e2e.harness.LayerTar;
import dev.izolo.e2e.harness.OciImage;
import dev.izolo.e2e.harness.Patience;
import dev.izolo.e2e.harness.Pod;
import dev.izolo.e2e.harness.Registry;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Images from a real registry, and from broken ones. */
@Tag("vm")
class ImageTest {
  private static final String LONG_NAME = "long/" + "n".repeat(200) + "/" + "m".repeat(250);

  @RegisterExtension
  static final IzoloUnderTest izolo = IzoloUnderTest.with(Map.of("box", Fixtures.busybox(), "layers", layered()));

  private static OciImage layered() {
    return Fixtures.base()
        .layer(new LayerTar().directory("data", 0755).file("data/kept", 0644, "kept").file("data/gone", 0644, "gone")
            .directory("hidden", 0755).file("hidden/old", 0644, "old").file("replaced", 0644, "before")
            .directory("became-file", 0755).file("became-file/x", 0644, "x"))
        .layer(new LayerTar().whiteout("data/gone").opaque("hidden").file("hidden/new", 0644, "new")
            .file("replaced", 0600, "after").whiteout("became-file").file("became-file", 0644, "now a file")
            .file("owned", 0640, 123_456, 654_321, "x".getBytes(java.nio.charset.StandardCharsets.UTF_8))
            .file("setuid", 04755, "#!").hardLink("data/linked", "setuid").symlink("data/pointer", "../replaced")
            .file("implied/parents/file", 0644, "implied"), OciImage.Packing.ZSTD)
        .layer(new LayerTar().file(LONG_NAME, 0644, "long").file("empty", 0644, "").file("data/kept", 0644, "kept again"),
            OciImage.Packing.PLAIN)
        .build();
  }

  @Test
  void layersOfEveryPackingStackAsTheirAuthorMeant() {
    try (Pod pod = izolo.runPod()) {
      Pod.Shell shell = pod.shell(reference("layers"));
      assertThat(shell.run("cat /data/kept")).isEqualTo("kept again");
      assertThat(shell.run("ls /data")).isEqualTo("kept\nlinked\npointer\n");
      assertThat(shell.run("ls -A /hidden")).isEqualTo("new\n");
      assertThat(shell.run("cat /data/pointer; stat -c ' %a' /replaced")).isEqualTo("after 600\n");
      assertThat(shell.run("cat /became-file")).isEqualTo("now a file");
      assertThat(shell.run("stat -c '%u %g %a %s' /owned")).isEqualTo("123456 654321 640 1\n");
      assertThat(shell.run("stat -c '%a %h' /setuid /data/linked")).isEqualTo("4755 2\n4755 2\n");
      assertThat(shell.run("stat -c %i /setuid")).isEqualTo(shell.run("stat -c %i /data/linked"));
      assertThat(shell.run("cat /implied/parents/file; stat -c ' %a' /implied")).isEqualTo("implied 755\n");
      assertThat(shell.run("cat /" + LONG_NAME)).isEqualTo("long");
      assertThat(shell.run("stat -c '%s %Y' /empty")).isEqualTo("0 1700000000\n");
      assertThat(shell.run("stat -c %a /tmp")).isEqualTo("1777\n");
      assertThat(shell.run("rm -r /data && ls /data 2>&1 || true")).contains("No such file");
      assertThat(pod.run(Pod.script(reference("layers"), "cat /data/kept")).out()).as("the next container's root is fresh")
          .isEqualTo("kept again");
    }
  }

  @Test
  void twoVmsReadOneLayerFromOneFile() {
    try (Pod first = izolo.runPod(); Pod second = izolo.runPod()) {
      first.start(Pod.script(reference("box"), "while :; do sleep 100; done"));
      second.start(Pod.script(reference("layers"), "while :; do sleep 100; done"));
      List<Set<String>> open = izolo.virtualMachines().stream().map(ImageTest::openLayers).toList();
      assertThat(open).hasSize(2);
      Set<String> shared = new TreeSet<>(open.getFirst());
      shared.retainAll(open.getLast());
      assertThat(shared).as("layer files open in both VMs, of " + open).isNotEmpty();
      StatusRuntimeException inUse = catchThrowableOfType(StatusRuntimeException.class,
          () -> izolo.cri().removeImage("127.0.0.1:5000/not/there:at-all"));
      assertThat(inUse).as("removing what is not there is no error").isNull();
    }
  }

  /** Device and inode of each layer file that a process has open, whatever path it was opened by. */
  private static Set<String> openLayers(long pid) {
    Set<String> layers = new TreeSet<>();
    try (var descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        String target = Files.readSymbolicLink(descriptor).toString();
        if (target.contains("layer") && Files.isRegularFile(descriptor)) {
          layers.add(Files.getAttribute(descriptor, "unix:ino").toString());
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return layers;
  }

  @Test
  void anImageIsFoundByTagDigestAndIdAndGoneOnceRemoved() {
    OciImage image = Fixtures.base().layer(new LayerTar().file("unique", 0644, "by digest")).build();
    String tagged = izolo.registry().push("found", "v1", image);
    String digested = Registry.HOST + "/found@" + image.digest();

    String id = izolo.cri().pull(tagged);
    assertThat(id).isEqualTo(image.id());
    assertThat(izolo.cri().pull(digested)).isEqualTo(id);
    for (String name : List.of(tagged, digested, id, id.substring("sha256:".length()))) {
      assertThat(izolo.cri().imageStatus(name).getImage().getId()).as(name).isEqualTo(id);
    }
    var found = izolo.cri().imageStatus(tagged).getImage();
    assertThat(found.getRepoTagsList()).contains(tagged);
    assertThat(found.getRepoDigestsList()).contains(digested);
    assertThat(found.getSize()).isPositive();
    assertThat(izolo.cri().images().listImages(ListImagesRequest.getDefaultInstance()).getImagesList())
        .filteredOn(listed -> listed.getId().equals(id)).hasSize(1);

    izolo.cri().removeImage(tagged);
    izolo.cri().removeImage(tagged);
    assertThat(izolo.cri().imageStatus(tagged).hasImage()).isFalse();
    assertThat(izolo.cri().imageStatus(id).hasImage()).isFalse();
  }

  @Test
  void anIndexGivesThePlatformsImage() {
    OciImage index = Fixtures.multiPlatform();
    String tagged = izolo.registry().push("multi", "v1", index);
    assertThat(izolo.cri().pull(tagged)).isEqualTo(index.nested().stream().map(OciImage::id)
        .filter(id -> id.equals(Fixtures.base().config("Labels", Map.of("arch", "amd64")).build().id())).findFirst().orElseThrow());
    izolo.cri().removeImage(tagged);
  }

  @Test
  void anImageThatDoesNotExistIsNotFound() {
    pullFails("127.0.0.1:5000/no/such/image:v1", Status.Code.NOT_FOUND, "no/such/image");
  }

  @Test
  void aReferenceThatIsNoneIsAnInvalidArgument() {
    pullFails("127.0.0.1:5000/UPPER/case:v1", Status.Code.INVALID_ARGUMENT, "UPPER");
  }

  @Test
  void aRegistryThatIsDownIsUnavailable() {
    pullFails("127.0.0.1:5999/box:test", Status.Code.UNAVAILABLE, "127.0.0.1:5999");
  }

  @Test
  void aTruncatedLayerIsRefused() {
    try (BrokenRegistry broken = BrokenRegistry.start(izolo.node(), BrokenRegistry.Fault.TRUNCATED)) {
      pullFails(broken.reference(), null, broken.layerDigest());
    }
  }

  @Test
  void aLayerOfAnotherContentIsRefused() {
    try (BrokenRegistry broken = BrokenRegistry.start(izolo.node(), BrokenRegistry.Fault.WRONG_CONTENT)) {
      pullFails(broken.reference(), null, broken.layerDigest());
    }
  }

  @Test
  void aManifestThatIsNoneIsRefused() {
    try (BrokenRegistry broken = BrokenRegistry.start(izolo.node(), BrokenRegistry.Fault.GARBAGE_MANIFEST)) {
      pullFails(broken.reference(), null, "manifest");
    }
  }

  private static void pullFails(String reference, Status.Code code, String cause) {
    long began = System.nanoTime();
    StatusRuntimeException failure =
        catchThrowableOfType(StatusRuntimeException.class, () -> izolo.cri().pull(reference));
    assertThat(failure).as("pull of " + reference).isNotNull();
    assertThat(failure.getMessage()).contains(cause);
    assertThat(failure.getStatus().getCode()).isNotIn(Status.Code.UNKNOWN, Status.Code.DEADLINE_EXCEEDED);
    if (code != null) {
      assertThat(failure.getStatus().getCode()).isEqualTo(code);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Patience.seconds(20));
  }
}
