package dev.izolo.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.image.Digest;
import dev.izolo.image.ImageException;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResolvedImageTest {
  private static final String HASH = "sha256:" + "a".repeat(64);
  private static final String CONFIG = """
      {"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["%s"]}}""".formatted(HASH);

  private final Documents documents = new Documents();

  /** Documents in memory, by digest. */
  private static final class Documents implements BlobSource {
    private final Map<Digest, byte[]> byDigest = new HashMap<>();
    private Document top;

    @Override
    public Document resolve() {
      return top;
    }

    @Override
    public byte[] document(Descriptor descriptor) throws ImageException {
      byte[] content = byDigest.get(descriptor.digest());
      if (content == null) {
        throw new ImageException.NotFound("no document " + descriptor.digest(), null);
      }
      return content;
    }

    @Override
    public InputStream blob(Descriptor descriptor) {
      return new ByteArrayInputStream(byDigest.get(descriptor.digest()));
    }
  }

  /** Adds a document. Its descriptor's members follow, so others can be put behind them. */
  private String put(String type, String document) {
    byte[] content = document.getBytes(StandardCharsets.UTF_8);
    Digest digest = Digest.sha256(content);
    documents.byDigest.put(digest, content);
    return "\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d".formatted(type, digest, content.length);
  }

  private String manifest(String config, String layers) {
    return put(MediaTypes.OCI_MANIFEST, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":{%s},\"layers\":[%s]}"
        .formatted(MediaTypes.OCI_MANIFEST, put(MediaTypes.OCI_CONFIG, config), layers));
  }

  private static String layer(long size, String more) {
    return "{\"mediaType\":\"%s+gzip\",\"digest\":\"%s\",\"size\":%d%s}".formatted(MediaTypes.OCI_LAYER, HASH, size, more);
  }

  private String image() {
    return manifest(CONFIG, layer(7, ""));
  }

  private static String on(String descriptor, String os, String architecture, String variant) {
    return "{%s,\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\",\"variant\":\"%s\"}}"
        .formatted(descriptor, os, architecture, variant);
  }

  private static String index(String... members) {
    return "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s]}"
        .formatted(MediaTypes.OCI_INDEX, String.join(",", members));
  }

  private ResolvedImage resolve(String type, String document) throws ImageException, InterruptedException {
    byte[] content = document.getBytes(StandardCharsets.UTF_8);
    documents.top =
        new BlobSource.Document(new Descriptor(type, Digest.sha256(content), content.length, null), content);
    return ResolvedImage.from(documents);
  }

  private ResolvedImage resolveIndex(String... members) throws ImageException, InterruptedException {
    return resolve(MediaTypes.OCI_INDEX, index(members));
  }

  private ResolvedImage resolveManifest(String document) throws ImageException, InterruptedException {
    return resolve(MediaTypes.OCI_MANIFEST, document);
  }

  private static void assertImage(ResolvedImage image) {
    assertThat(image.id()).isEqualTo(Digest.sha256(CONFIG.getBytes(StandardCharsets.UTF_8)));
    assertThat(image.layers()).hasSize(1);
  }

  @Test
  void findsTheImageForThisPlatformBesideOthersAndAttestations() throws Exception {
    String attestation = put(MediaTypes.OCI_MANIFEST, "{\"attestation\":1}");
    String other = put(MediaTypes.OCI_MANIFEST, "{\"other\":1}");
    ResolvedImage image = resolveIndex(
        on(attestation, "unknown", "unknown", ""),
        on(other, "linux", "arm64", "v8"),
        on(other, "windows", "amd64", ""),
        on(other, "linux", "amd64", "v3"),
        on(image(), "linux", "amd64", ""));
    assertImage(image);
    assertThat(image.topDigest()).isEqualTo(documents.top.descriptor().digest());
    assertThat(image.sizeBytes()).isEqualTo(CONFIG.length() + 7);
  }

  @Test
  void neverTakesAnAttestationForTheImage() {
    assertThatThrownBy(() -> resolveIndex(on(image(), "unknown", "unknown", "")))
        .isInstanceOf(ImageException.NotFound.class)
        .hasMessageContaining("not for linux/amd64")
        .hasMessageNotContaining("unknown");
  }

  @Test
  void looksIntoAnIndexWithinAnIndex() throws Exception {
    String inner = put(MediaTypes.OCI_INDEX, index(on(image(), "linux", "amd64", "v1")));
    assertImage(resolveIndex("{" + inner + "}"));
    assertImage(resolveIndex("{" + put(MediaTypes.OCI_INDEX, index("{" + inner + "}")) + "}"));
  }

  @Test
  void looksIntoIndexesOnlySoDeep() {
    String nested = image();
    for (int i = 0; i < 3; i++) {
      nested = put(MediaTypes.OCI_INDEX, index("{" + nested + "}"));
    }
    String deepest = nested;
    assertThatThrownBy(() -> resolveIndex("{" + deepest + "}"))
        .isInstanceOf(ImageException.Corrupt.class)
        .hasMessageContaining("too deep");
  }

  @Test
  void listsThePlatformsThatThereAreWhenNoneIsThisOne() {
    assertThatThrownBy(() -> resolveIndex(
            on(image(), "linux", "arm64", "v8"), on(image(), "linux", "s390x", ""), on(image(), "linux", "amd64", "v3")))
        .isInstanceOf(ImageException.NotFound.class)
        .hasMessageContaining("linux/arm64/v8").hasMessageContaining("linux/s390x").hasMessageContaining("linux/amd64/v3");
    assertThatThrownBy(this::resolveIndex).isInstanceOf(ImageException.NotFound.class);
  }

  @Test
  void refusesAnIndexMemberLargerThanAManifestMayBe() {
    String huge = image().replaceFirst("\"size\":\\d+", "\"size\":" + (Manifest.MAX_BYTES + 1));
    assertThatThrownBy(() -> resolveIndex(on(huge, "linux", "amd64", "")))
        .isInstanceOf(ImageException.Corrupt.class)
        .hasMessageContaining("larger than 4 MiB");
  }

  @Test
  void refusesSchema1ByName() {
    for (String served : new String[] {
      "application/vnd.docker.distribution.manifest.v1+json", "application/vnd.docker.distribution.manifest.v1+prettyjws",
      "application/json"
    }) {
      assertThatThrownBy(() -> resolve(served, "{\"schemaVersion\":1,\"name\":\"x\",\"fsLayers\":[]}"))
          .isInstanceOf(ImageException.Corrupt.class)
          .hasMessageContaining("schema 1");
    }
  }

  @Test
  void neverFollowsTheUrlsOfALayer() throws Exception {
    String foreign = layer(7, ",\"urls\":[\"https://example.com/layer\"]")
        .replace(MediaTypes.OCI_LAYER, "application/vnd.oci.image.layer.nondistributable.v1.tar");
    ResolvedImage.Layer layer = resolveIndex("{" + manifest(CONFIG, foreign) + "}").layers().getFirst();
    assertThat(layer.blob().toString()).doesNotContain("example.com");
    assertThat(layer.blob().digest()).isEqualTo(Digest.parse(HASH));
  }

  @Test
  void readsDockersManifest() throws Exception {
    String config = put(MediaTypes.DOCKER_CONFIG, CONFIG);
    String layer = "{\"mediaType\":\"application/vnd.docker.image.rootfs.diff.tar.gzip\",\"digest\":\"%s\",\"size\":7}"
        .formatted(HASH);
    assertImage(resolve(MediaTypes.DOCKER_MANIFEST,
        "{\"schemaVersion\":2,\"config\":{%s},\"layers\":[%s]}".formatted(config, layer)));
  }

  @Test
  void refusesAnImageWithoutLayersAndOneWhoseConfigCountsOthers() {
    String none = CONFIG.replace("\"" + HASH + "\"", "");
    assertThatThrownBy(() -> resolveIndex("{" + manifest(none, "") + "}"))
        .isInstanceOf(ImageException.Corrupt.class).hasMessageContaining("no layers");
    assertThatThrownBy(() -> resolveIndex("{" + manifest("{\"os\":\"linux\",\"architecture\":\"amd64\"}", "") + "}"))
        .isInstanceOf(ImageException.Corrupt.class).hasMessageContaining("no layers");
    assertThatThrownBy(() -> resolveIndex("{" + manifest(CONFIG, layer(7, "") + "," + layer(7, "")) + "}"))
        .isInstanceOf(ImageException.Corrupt.class).hasMessageContaining("2 layers, its config 1");
  }

  @Test
  void refusesMoreLayersThanCanBeStacked() {
    String many = (layer(7, "") + ",").repeat(Manifest.MAX_LAYERS) + layer(7, "");
    assertThatThrownBy(() -> resolveIndex("{" + manifest(CONFIG, many) + "}"))
        .isInstanceOf(ImageException.Corrupt.class).hasMessageContaining("128 layers, more than 127");
  }

  @Test
  void refusesAManifestWithoutAConfigAndOneWhoseConfigIsAnArtifacts() {
    assertThatThrownBy(() -> resolveManifest("{\"schemaVersion\":2,\"layers\":[" + layer(7, "") + "]}"))
        .isInstanceOf(ImageException.Corrupt.class).hasMessageContaining("names no config");
    assertThatThrownBy(() -> resolveManifest(
            "{\"schemaVersion\":2,\"config\":{%s},\"layers\":[]}".formatted(put("application/vnd.oci.empty.v1+json", "{}"))))
        .isInstanceOf(ImageException.Corrupt.class).hasMessageContaining("not a container image");
  }

  @Test
  void refusesAConfigThatIsForNoPlatformOrAnother() {
    assertThatThrownBy(() -> resolveIndex("{" + manifest("{}", layer(7, "")) + "}"))
        .isInstanceOf(ImageException.Corrupt.class).hasMessageContaining("os and architecture");
    assertThatThrownBy(() -> resolveIndex(on(manifest(CONFIG.replace("amd64", "arm64"), layer(7, "")), "linux", "amd64", "")))
        .isInstanceOf(ImageException.NotFound.class).hasMessageContaining("linux/arm64");
  }

  @Test
  void countsAbsurdLayerSizesWithoutOverflow() throws Exception {
    String layers = (layer(Long.MAX_VALUE, "") + ",").repeat(126) + layer(Long.MAX_VALUE, "");
    String config = CONFIG.replace("\"" + HASH + "\"", ("\"" + HASH + "\",").repeat(126) + "\"" + HASH + "\"");
    assertThat(resolveIndex("{" + manifest(config, layers) + "}").sizeBytes()).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {
    "", "null", "[]", "1", "{", "{}", "{\"schemaVersion\":2}", "{\"manifests\":{}}", "{\"manifests\":[1]}",
    "{\"manifests\":[{}]}", "{\"manifests\":[],\"layers\":[]}", "{\"manifests\":[],\"config\":{}}",
    "{\"layers\":[],\"layers\":[]}", "{\"config\":null,\"layers\":[]}", "{\"config\":[],\"layers\":[]}",
    "{\"mediaType\":7,\"manifests\":[]}",
    "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"manifests\":[]}",
    "{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"config\":{},\"layers\":[]}",
    "{\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:xx\",\"size\":1}}",
    "{\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"../../etc\",\"size\":1}}"
  })
  void refusesWhatIsNoManifest(String document) {
    assertThatThrownBy(() -> resolveManifest(document)).isInstanceOf(ImageException.Corrupt.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "1.5", "\"7\"", "99999999999999999999", "null", "true"})
  void refusesADescriptorWithoutAProperSize(String size) {
    assertThatThrownBy(() -> resolveIndex("{" + manifest(CONFIG, layer(7, "").replace(":7", ":" + size)) + "}"))
        .isInstanceOf(ImageException.Corrupt.class).hasMessageContaining("size");
  }
}
