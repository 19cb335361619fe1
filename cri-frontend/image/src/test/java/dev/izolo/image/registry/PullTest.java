package dev.izolo.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.image.Digest;
import dev.izolo.image.Image;
import dev.izolo.image.ImageException;
import dev.izolo.image.ImageSettings;
import dev.izolo.image.LocalImageService;
import dev.izolo.image.RegistryAuth;
import dev.izolo.image.testing.ImageBuilder;
import dev.izolo.image.testing.LayerContent;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PullTest {
  private static final RegistryAuth USER = new RegistryAuth("user", "secret", "", "", "", "");
  private static final String BASIC =
      "Basic " + Base64.getEncoder().encodeToString("user:secret".getBytes(StandardCharsets.UTF_8));

  @TempDir Path directory;
  private ImageBuilder.Built built;
  private FakeRegistry registry;
  private LocalImageService images;

  @BeforeEach
  void open() throws Exception {
    byte[] noise = new byte[300_000];
    new Random(1).nextBytes(noise);
    built = new ImageBuilder().layer(new LayerContent().file("noise", 0644, noise)).entrypoint("/x").build();
    registry = new FakeRegistry(built);
    images = service(RegistrySettings.DEFAULT);
  }

  private LocalImageService service(RegistrySettings settings) throws ImageException {
    return LocalImageService.open(directory.resolve("store"), ImageSettings.DEFAULT.withRegistry(
        settings.withPatience(Duration.ofSeconds(5), Duration.ofMillis(500), 3, Duration.ofMillis(10))));
  }

  @AfterEach
  void close() {
    images.close();
    registry.close();
  }

  private Image pull() throws Exception {
    return pull(RegistryAuth.NONE);
  }

  private Image pull(RegistryAuth auth) throws Exception {
    return images.pull(registry.authority() + "/app:v1", auth);
  }

  private boolean isLayer(String path) {
    return path.endsWith(built.layerDigests().getFirst().toString());
  }

  private long layerRequests() {
    return registry.requests().stream().filter(request -> isLayer(request.path())).count();
  }

  private void assertNothingLeft() {
    assertThat(directory.resolve("store/layers")).isEmptyDirectory();
    assertThat(images.list()).isEmpty();
  }

  @Test
  void pullsByTagAndKnowsTheImageByItsDigest() throws Exception {
    Image image = pull();
    assertThat(image.id()).isEqualTo(built.configDigest().toString());
    assertThat(image.repoTags()).containsExactly(registry.authority() + "/app:v1");
    assertThat(image.repoDigests()).containsExactly(built.byDigest(registry.authority() + "/app"));
    assertThat(registry.requests()).allSatisfy(request -> assertThat(request.authorization()).isEmpty());
  }

  @Test
  void pullsAnImageByDigest() throws Exception {
    String name = built.byDigest(registry.authority() + "/app");
    assertThat(images.pull(name, RegistryAuth.NONE).repoTags()).isEmpty();
    assertThat(images.find(name)).isPresent();
  }

  @Test
  void fetchesALayerThatIsPresentNeverAgain() throws Exception {
    pull();
    pull();
    assertThat(layerRequests()).isEqualTo(1);
  }

  @Test
  void pullsOfOneImageAtTheSameTimeFetchItOnce() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    registry.behave(exchange -> {
      if (isLayer(exchange.getRequestURI().getPath())) {
        asked.countDown();
        await(go);
      }
      return false;
    });
    CompletableFuture<Image> first = CompletableFuture.supplyAsync(this::pullUnchecked, Thread::startVirtualThread);
    await(asked);
    CompletableFuture<Image> second = CompletableFuture.supplyAsync(this::pullUnchecked, Thread::startVirtualThread);
    go.countDown();
    assertThat(first.get()).isEqualTo(second.get());
    assertThat(layerRequests()).isEqualTo(1);
  }

  private Image pullUnchecked() {
    try {
      return pull();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void anInterruptedPullLeavesNothing() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    registry.behave(exchange -> {
      if (isLayer(exchange.getRequestURI().getPath())) {
        asked.countDown();
        await(never);
      }
      return false;
    });
    CompletableFuture<Throwable> outcome = new CompletableFuture<>();
    Thread puller = Thread.startVirtualThread(() -> {
      try {
        pull();
        outcome.complete(null);
      } catch (Throwable e) {
        outcome.complete(e);
      }
    });
    await(asked);
    puller.interrupt();
    assertThat(outcome.get()).isInstanceOf(InterruptedException.class);
    assertNothingLeft();
    never.countDown();
  }

  @Test
  void givesBasicCredentialsWhenAskedForThem() throws Exception {
    registry.behave(exchange ->
        !BASIC.equals(FakeRegistry.header(exchange, "Authorization")) && FakeRegistry.challenge(exchange, "Basic realm=\"r\""));
    pull(USER);
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.Unauthorized.class).hasMessageContaining("anonymous");
  }

  @Test
  void changesCredentialsForATokenOfTheRepositoryAndKeepsIt() throws Exception {
    registry.behave(exchange -> {
      if (exchange.getRequestURI().getPath().equals("/token")) {
        boolean known = BASIC.equals(FakeRegistry.header(exchange, "Authorization"));
        FakeRegistry.send(exchange, known ? 200 : 401, "{\"token\":\"T1\",\"expires_in\":300}".getBytes());
        return true;
      }
      return !"Bearer T1".equals(FakeRegistry.header(exchange, "Authorization"))
          && FakeRegistry.challenge(exchange, "Bearer realm=\"" + registry.url() + "/token\",service=\"s, x\",scope=\"repository:app:pull\"");
    });
    pull(USER);
    pull(USER);
    List<FakeRegistry.Request> tokens = registry.requests().stream().filter(r -> r.path().equals("/token")).toList();
    assertThat(tokens).hasSize(1);
    assertThat(tokens.getFirst().query()).contains("service=s%2C+x").contains("scope=repository%3Aapp%3Apull");
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.Unauthorized.class);
  }

  @Test
  void changesAnIdentityTokenForAnAccessToken() throws Exception {
    StringBuffer form = new StringBuffer();
    registry.behave(exchange -> {
      if (exchange.getRequestURI().getPath().equals("/token")) {
        form.append(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        FakeRegistry.send(exchange, 200, "{\"access_token\":\"T2\"}".getBytes());
        return true;
      }
      return !"Bearer T2".equals(FakeRegistry.header(exchange, "Authorization"))
          && FakeRegistry.challenge(exchange, "Bearer realm=\"" + registry.url() + "/token\"");
    });
    pull(new RegistryAuth("", "", "", "", "identity", ""));
    assertThat(form.toString()).contains("grant_type=refresh_token").contains("refresh_token=identity");
  }

  @Test
  void sendsARegistryTokenAsItIs() throws Exception {
    pull(new RegistryAuth("", "", "", "", "", "RT"));
    assertThat(registry.requests()).allSatisfy(request -> assertThat(request.authorization()).isEqualTo("Bearer RT"));
  }

  @Test
  void refusesATokenServiceThatIsNeitherHttpsNorLocal() {
    registry.behave(exchange -> FakeRegistry.challenge(exchange, "Bearer realm=\"http://auth.example.com/token\""));
    assertThatThrownBy(() -> pull(USER)).isInstanceOf(ImageException.Unauthorized.class).hasMessageContaining("not HTTPS");
  }

  @Test
  void sendsNoCredentialsMeantForAnotherServer() throws Exception {
    registry.behave(exchange -> FakeRegistry.challenge(exchange, "Basic realm=\"r\""));
    RegistryAuth other = new RegistryAuth("user", "secret", "", "https://other.example.com", "", "");
    assertThatThrownBy(() -> pull(other)).isInstanceOf(ImageException.Unauthorized.class);
    assertThat(registry.requests()).allSatisfy(request -> assertThat(request.authorization()).isEmpty());
  }

  @Test
  void followsARedirectToAnotherHostWithoutCredentials() throws Exception {
    registry.behave(exchange -> {
      String path = exchange.getRequestURI().getPath();
      if (path.startsWith("/cdn/")) {
        return false;
      }
      if (!BASIC.equals(FakeRegistry.header(exchange, "Authorization"))) {
        return FakeRegistry.challenge(exchange, "Basic realm=\"r\"");
      }
      return path.contains("/blobs/") && FakeRegistry.redirect(exchange, "http://" + registry.otherName() + "/cdn" + path);
    });
    pull(USER);
    List<FakeRegistry.Request> elsewhere = registry.requests().stream().filter(r -> r.path().startsWith("/cdn/")).toList();
    assertThat(elsewhere).hasSize(2).allSatisfy(request -> assertThat(request.authorization()).isEmpty());
  }

  @Test
  void refusesARedirectToPlainHttpElsewhereAndALoop() {
    registry.behave(exchange -> FakeRegistry.redirect(exchange, "http://example.com/x"));
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.Unavailable.class).hasMessageContaining("not HTTPS");
    registry.behave(exchange -> FakeRegistry.redirect(exchange, exchange.getRequestURI().toString()));
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.Unavailable.class).hasMessageContaining("too often");
  }

  @Test
  void goesOnWhereABlobBrokeOff() throws Exception {
    AtomicInteger breaks = new AtomicInteger();
    registry.behave(exchange -> {
      String path = exchange.getRequestURI().getPath();
      if (isLayer(path) && breaks.getAndIncrement() < 1) {
        byte[] blob = built.blobs().get(built.layerDigests().getFirst());
        exchange.sendResponseHeaders(200, blob.length);
        exchange.getResponseBody().write(blob, 0, 100_000);
        exchange.getResponseBody().flush();
        throw new IOException("breaks off");
      }
      return false;
    });
    pull();
    assertThat(registry.requests()).anySatisfy(request -> assertThat(request.range()).matches("bytes=[1-9]\\d*-"));
  }

  @Test
  void refusesABlobThatStaysTruncatedAndLeavesNothing() {
    registry.behave(exchange -> {
      if (!isLayer(exchange.getRequestURI().getPath())) {
        return false;
      }
      byte[] blob = built.blobs().get(built.layerDigests().getFirst());
      FakeRegistry.send(exchange, 200, Arrays.copyOf(blob, blob.length - 10));
      return true;
    });
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.Corrupt.class)
        .hasMessageContaining(built.layerDigests().getFirst().toString());
    assertNothingLeft();
  }

  @Test
  void refusesABlobOfAnotherDigestAndLeavesNothing() {
    registry.behave(exchange -> {
      if (!isLayer(exchange.getRequestURI().getPath())) {
        return false;
      }
      byte[] blob = built.blobs().get(built.layerDigests().getFirst()).clone();
      blob[blob.length / 2] ^= 1;
      FakeRegistry.send(exchange, 200, blob);
      return true;
    });
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.Corrupt.class);
    assertNothingLeft();
  }

  @Test
  void refusesAManifestOfAnotherDigestAndAnOversizedOne() {
    registry.behave(exchange -> {
      if (exchange.getRequestURI().getPath().contains("/manifests/")) {
        FakeRegistry.send(exchange, 200, "{}".getBytes());
        return true;
      }
      return false;
    });
    assertThatThrownBy(() -> images.pull(built.byDigest(registry.authority() + "/app"), RegistryAuth.NONE))
        .isInstanceOf(ImageException.Corrupt.class).hasMessageContaining("other content");
    registry.behave(exchange -> {
      FakeRegistry.send(exchange, 200, new byte[(4 << 20) + 1]);
      return true;
    });
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.Corrupt.class).hasMessageContaining("larger");
  }

  @Test
  void refusesContentOfAnotherSizeThanItsDescriptorSays() {
    String manifest = new String(built.manifest(), StandardCharsets.UTF_8);
    Digest layer = built.layerDigests().getFirst();
    for (Digest blob : List.of(layer, built.configDigest())) {
      int size = built.blobs().get(blob).length;
      for (int claimed : new int[] {size - 1, size + 1, 0}) {
        byte[] wrong = manifest.replace("\"" + blob + "\",\"size\":" + size, "\"" + blob + "\",\"size\":" + claimed)
            .getBytes(StandardCharsets.UTF_8);
        assertThat(wrong).isNotEqualTo(built.manifest());
        registry.behave(exchange -> {
          if (exchange.getRequestURI().getPath().contains("/manifests/")) {
            FakeRegistry.send(exchange, 200, wrong);
            return true;
          }
          return false;
        });
        assertThatThrownBy(this::pull).isInstanceOf(ImageException.Corrupt.class);
        assertNothingLeft();
      }
    }
  }

  @Test
  void triesAgainAfterATransientFailure() throws Exception {
    AtomicInteger failures = new AtomicInteger();
    registry.behave(exchange -> {
      if (failures.getAndIncrement() < 2) {
        FakeRegistry.send(exchange, failures.get() == 1 ? 503 : 429, new byte[0]);
        return true;
      }
      return false;
    });
    assertThat(pull().layers()).hasSize(1);
  }

  @Test
  void givesUpOnAServerThatKeepsFailing() {
    registry.behave(exchange -> {
      FakeRegistry.send(exchange, 500, new byte[0]);
      return true;
    });
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.Unavailable.class).hasMessageContaining("500");
    assertThat(registry.requests()).hasSize(3);
  }

  @Test
  void endsABlobThatStalls() {
    CountDownLatch never = new CountDownLatch(1);
    registry.behave(exchange -> {
      if (!isLayer(exchange.getRequestURI().getPath())) {
        return false;
      }
      exchange.sendResponseHeaders(200, built.blobs().get(built.layerDigests().getFirst()).length);
      exchange.getResponseBody().flush();
      await(never);
      return true;
    });
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.Unavailable.class).hasMessageContaining("no data for 500 ms");
    assertNothingLeft();
    never.countDown();
  }

  @Test
  void saysWhatIsNotThereAndWhoCannotBeReached() throws Exception {
    registry.behave(exchange -> {
      FakeRegistry.send(exchange, 404, new byte[0]);
      return true;
    });
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.NotFound.class).hasMessageContaining("app");
    int closedPort;
    try (ServerSocket socket = new ServerSocket(0)) {
      closedPort = socket.getLocalPort();
    }
    assertThatThrownBy(() -> images.pull("127.0.0.1:" + closedPort + "/app", RegistryAuth.NONE))
        .isInstanceOf(ImageException.Unavailable.class).hasMessageContaining("127.0.0.1:" + closedPort);
  }

  @Test
  void asksMirrorsFirstWithoutCredentialsAndTheRegistryLast() throws Exception {
    try (FakeRegistry mirror = new FakeRegistry(built)) {
      configure(registry.authority(), """
          server = "%s"
          [host."%s"]
          capabilities = ["pull", "resolve"]
          [host."%s".header]
          x-test = "1"
          """.formatted(registry.url(), mirror.url(), mirror.url()));
      mirror.behave(exchange -> {
        if (isLayer(exchange.getRequestURI().getPath())) {
          FakeRegistry.send(exchange, 500, new byte[0]);
          return true;
        }
        return false;
      });
      pull(USER);
      assertThat(mirror.requests()).isNotEmpty().allSatisfy(request -> {
        assertThat(request.authorization()).isEmpty();
        assertThat(request.query()).isEqualTo("ns=" + registry.authority().replace(":", "%3A"));
      });
      assertThat(registry.requests()).extracting(FakeRegistry.Request::path).allMatch(this::isLayer).hasSize(1);
    }
  }

  @Test
  void aMirrorWithoutTheRightToResolveIsNotAskedForTags() throws Exception {
    try (FakeRegistry mirror = new FakeRegistry(built)) {
      configure("_default", "[host.\"" + mirror.url() + "\"]\ncapabilities = [\"pull\"]\n");
      pull();
      assertThat(mirror.requests()).extracting(FakeRegistry.Request::path).allMatch(path -> path.contains("/blobs/")).hasSize(2);
    }
  }

  @Test
  void aMisspeltKeyIsAnErrorThatNamesTheFile() throws Exception {
    configure(registry.authority(), "[host.\"https://mirror.example.com\"]\nskip_verfy = true\n");
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.StoreFailed.class)
        .hasMessageContaining("skip_verfy").hasMessageContaining("hosts.toml");
    configure(registry.authority(), "server = [");
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.StoreFailed.class).hasMessageContaining("hosts.toml");
  }

  private void configure(String name, String toml) throws Exception {
    Path hosts = directory.resolve("hosts");
    Files.createDirectories(hosts.resolve(name));
    Files.writeString(hosts.resolve(name).resolve("hosts.toml"), toml);
    images.close();
    images = service(RegistrySettings.DEFAULT.withHostsDirectory(hosts));
  }

  @Test
  void neverShowsSecrets() {
    assertThat(USER.toString()).doesNotContain("secret");
    assertThat(new Credentials("c2VjcmV0", "i", "r").toString()).doesNotContain("c2Vj");
    assertThat(Challenge.parse(List.of("Basic realm=\"a\\\"b\", Bearer realm=x,service=y, Negotiate"))).containsExactly(
        new Challenge("basic", Map.of("realm", "a\"b")),
        new Challenge("bearer", Map.of("realm", "x", "service", "y")),
        new Challenge("negotiate", Map.of()));
  }
}
