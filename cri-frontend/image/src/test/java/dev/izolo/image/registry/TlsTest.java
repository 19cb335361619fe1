package dev.izolo.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.image.ImageException;
import dev.izolo.image.ImageSettings;
import dev.izolo.image.LocalImageService;
import dev.izolo.image.RegistryAuth;
import dev.izolo.image.testing.ImageBuilder;
import dev.izolo.image.testing.LayerContent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TlsTest {
  private static final RegistryAuth USER = new RegistryAuth("user", "secret", "", "", "", "");
  private static final String BASIC =
      "Basic " + Base64.getEncoder().encodeToString("user:secret".getBytes(StandardCharsets.UTF_8));

  @TempDir private static Path certificates;

  /** For 127.0.0.1, by no other name. */
  private static ServerCertificate certificate;

  private static ServerCertificate foreign;

  @TempDir Path directory;
  private ImageBuilder.Built built;
  private FakeRegistry registry;
  private LocalImageService images;

  @BeforeAll
  static void makeCertificates() throws Exception {
    certificate = ServerCertificate.make(certificates, "registry", "ip:127.0.0.1");
    foreign = ServerCertificate.make(certificates, "foreign", "ip:127.0.0.1");
  }

  @BeforeEach
  void open() throws Exception {
    built = new ImageBuilder().layer(new LayerContent().file("a", "b")).entrypoint("/x").build();
    registry = new FakeRegistry(built, certificate.context());
    RegistrySettings settings = RegistrySettings.DEFAULT.withHostsDirectory(directory.resolve("hosts"))
        .withPatience(Duration.ofSeconds(5), Duration.ofSeconds(5), 3, Duration.ofMillis(10));
    images = LocalImageService.open(directory.resolve("store"), ImageSettings.DEFAULT.withRegistry(settings));
  }

  @AfterEach
  void close() {
    images.close();
    registry.close();
  }

  /** Loopback registries are plain HTTP unless their hosts.toml says otherwise. */
  private void configure(String server, String... lines) throws Exception {
    Path hosts = Files.createDirectories(directory.resolve("hosts").resolve(registry.authority()));
    Files.writeString(hosts.resolve("hosts.toml"), "server = \"" + server + "\"\n" + String.join("\n", lines) + "\n");
  }

  private static String trusting(ServerCertificate... trusted) {
    return "ca = [" + String.join(", ", List.of(trusted).stream().map(one -> "\"" + one.pem() + "\"").toList()) + "]";
  }

  private void pull() throws Exception {
    images.pull(registry.authority() + "/app:v1", USER);
  }

  private void assertRefused(String host) {
    assertThatThrownBy(this::pull)
        .isInstanceOf(ImageException.Unavailable.class)
        .hasMessageContaining("the certificate of " + host + " is not trusted")
        .hasMessageContaining("hosts.toml");
    assertThat(images.list()).isEmpty();
  }

  @Test
  void refusesACertificateThatNobodyTrustsAndNamesTheHost() throws Exception {
    configure(registry.url());
    assertRefused(registry.authority());
    assertThat(registry.requests()).isEmpty();
  }

  @Test
  void refusesACertificateOfAnotherAuthorityThanTheOneConfigured() throws Exception {
    configure(registry.url(), trusting(foreign));
    assertRefused(registry.authority());
  }

  @Test
  void trustsTheAuthorityThatHostsTomlNames() throws Exception {
    registry.behave(exchange ->
        !BASIC.equals(FakeRegistry.header(exchange, "Authorization")) && FakeRegistry.challenge(exchange, "Basic realm=\"r\""));
    configure(registry.url(), trusting(certificate));
    pull();
    assertThat(images.list()).hasSize(1);
  }

  @Test
  void findsAnAuthorityBesideItsHostsToml() throws Exception {
    configure(registry.url(), "ca = \"own.pem\"");
    Files.copy(certificate.pem(), directory.resolve("hosts").resolve(registry.authority()).resolve("own.pem"));
    pull();
    assertThat(images.list()).hasSize(1);
  }

  @Test
  void namesAnAuthorityThatCannotBeRead() throws Exception {
    configure(registry.url(), "ca = \"missing.pem\"");
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.StoreFailed.class).hasMessageContaining("missing.pem");
    configure(registry.url(), "ca = \"hosts.toml\"");
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.StoreFailed.class)
        .hasMessageContaining(registry.authority() + "/hosts.toml of a hosts.toml");
    Files.createFile(directory.resolve("hosts").resolve(registry.authority()).resolve("empty.pem"));
    configure(registry.url(), "ca = \"empty.pem\"");
    assertThatThrownBy(this::pull).isInstanceOf(ImageException.StoreFailed.class).hasMessageContaining("holds none");
  }

  @Test
  void takesUpARenewedAuthorityWithoutARestart() throws Exception {
    configure(registry.url(), "ca = \"own.pem\"");
    Path own = directory.resolve("hosts").resolve(registry.authority()).resolve("own.pem");
    Files.copy(foreign.pem(), own);
    Files.setLastModifiedTime(own, FileTime.fromMillis(1_000_000));
    assertRefused(registry.authority());
    Files.copy(certificate.pem(), own, StandardCopyOption.REPLACE_EXISTING);
    pull();
    assertThat(images.list()).hasSize(1);
  }

  @Test
  void refusesACertificateForAnotherName() throws Exception {
    configure("https://" + registry.otherName(), trusting(certificate));
    assertRefused(registry.otherName());
  }

  @Test
  void checksNoCertificateWhereHostsTomlSaysSo() throws Exception {
    configure("https://" + registry.otherName(), "skip_verify = true");
    pull();
    assertThat(images.list()).hasSize(1);
  }

  @Test
  void checksTheCertificateOfTheServerThatAnUncheckedOneRedirectsTo() throws Exception {
    try (FakeRegistry elsewhere = new FakeRegistry(built, foreign.context())) {
      registry.behave(exchange -> FakeRegistry.redirect(exchange, elsewhere.url() + exchange.getRequestURI()));
      configure(registry.url(), "skip_verify = true");
      assertRefused(elsewhere.authority());
      assertThat(elsewhere.requests()).isEmpty();
    }
  }

  @Test
  void checksTheCertificateOfTheTokenServiceThatAnUncheckedRegistryNames() throws Exception {
    try (FakeRegistry tokens = new FakeRegistry(built, foreign.context())) {
      registry.behave(exchange -> FakeRegistry.challenge(exchange, "Bearer realm=\"" + tokens.url() + "/token\""));
      configure(registry.url(), "skip_verify = true");
      assertRefused(tokens.authority());
      assertThat(tokens.requests()).isEmpty();
    }
  }

  @Test
  void trustsTheRegistrysAuthorityForTheServerItRedirectsToWhichGetsNoCredentials() throws Exception {
    try (FakeRegistry elsewhere = new FakeRegistry(built, foreign.context())) {
      registry.behave(exchange -> {
        if (!BASIC.equals(FakeRegistry.header(exchange, "Authorization"))) {
          return FakeRegistry.challenge(exchange, "Basic realm=\"r\"");
        }
        return exchange.getRequestURI().getPath().contains("/blobs/")
            && FakeRegistry.redirect(exchange, elsewhere.url() + exchange.getRequestURI());
      });
      configure(registry.url(), trusting(certificate, foreign));
      pull();
      assertThat(elsewhere.requests()).hasSize(2)
          .allSatisfy(request -> assertThat(request.authorization()).isEmpty());
    }
  }

  @Test
  void refusesARedirectFromTlsToPlainHttp() throws Exception {
    try (FakeRegistry plain = new FakeRegistry(built)) {
      registry.behave(exchange -> FakeRegistry.redirect(exchange, plain.url() + exchange.getRequestURI()));
      configure(registry.url(), trusting(certificate));
      assertThatThrownBy(this::pull).isInstanceOf(ImageException.Unavailable.class).hasMessageContaining("not HTTPS");
      assertThat(plain.requests()).isEmpty();
    }
  }

  @Test
  void refusesATokenServiceWithoutTlsBehindARegistryWithTls() throws Exception {
    try (FakeRegistry plain = new FakeRegistry(built)) {
      registry.behave(exchange -> FakeRegistry.challenge(exchange, "Bearer realm=\"" + plain.url() + "/token\""));
      configure(registry.url(), trusting(certificate));
      assertThatThrownBy(this::pull).isInstanceOf(ImageException.Unauthorized.class).hasMessageContaining("not HTTPS");
      assertThat(plain.requests()).isEmpty();
    }
  }

  @Test
  void asksTheNextServerWhenAMirrorsCertificateIsNotTrusted() throws Exception {
    try (FakeRegistry mirror = new FakeRegistry(built, foreign.context())) {
      configure(registry.url(), trusting(certificate), "[host.\"" + mirror.url() + "\"]");
      pull();
      assertThat(registry.requests()).hasSize(3);
      assertThat(mirror.requests()).isEmpty();
    }
  }
}
