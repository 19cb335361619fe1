package dev.izolo.image.registry;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.izolo.image.ImageException;
import dev.izolo.image.Printable;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Gets access tokens from the service that a registry's challenge names (distribution, "Token Authentication
 * Specification" and "Oauth2 Token Authentication"), and keeps them until shortly before they expire.
 */
final class Tokens {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MAX_BYTES = 1 << 20;
  private static final Duration DEFAULT_LIFE = Duration.ofSeconds(60);
  private static final Duration MARGIN = Duration.ofSeconds(10);

  /** Registries' tokens are many, one per repository and user: kept is what is useful, not all there ever were. */
  private static final int MAX_KEPT = 1000;

  private final Transport transport;
  private final Map<Key, Token> kept = new ConcurrentHashMap<>();

  private record Key(String authority, String realm, String service, String scope, Credentials credentials) {}

  private record Token(String text, Instant until) {
    @Override
    public String toString() {
      return "Token[until=" + until + "]";
    }
  }

  Tokens(Transport transport) {
    this.transport = transport;
  }

  /**
   * @param stale a token that the registry just refused, or empty
   */
  String get(RegistryHost host, Challenge challenge, String defaultScope, Credentials credentials, String stale)
      throws ImageException, IOException, InterruptedException {
    String realm = challenge.parameters().getOrDefault("realm", "");
    String service = challenge.parameters().getOrDefault("service", "");
    String scope = challenge.parameters().getOrDefault("scope", defaultScope);
    Key key = new Key(host.authority(), realm, service, scope, credentials);
    Token token = kept.get(key);
    if (token == null || token.text().equals(stale) || token.until().isBefore(Instant.now())) {
      token = fetch(host, realmUri(host, realm), service, scope, credentials);
      if (kept.size() >= MAX_KEPT) {
        kept.clear();
      }
      kept.put(key, token);
    }
    return token.text();
  }

  /** Credentials travel to the realm: over TLS, or in the clear only as far as the registry itself is so reached. */
  private URI realmUri(RegistryHost host, String realm) throws ImageException {
    URI uri;
    try {
      uri = URI.create(realm);
    } catch (IllegalArgumentException e) {
      throw refused(host, realm, "it is no address");
    }
    if (uri.getHost() == null || uri.getScheme() == null || uri.getRawUserInfo() != null) {
      throw refused(host, realm, "it is no address");
    }
    boolean registryIsPlain = host.api().getScheme().equals("http");
    boolean registryIsLoopback = Hosts.isLoopback(host.api().getHost());
    if (Hosts.isLoopback(uri.getHost()) && !registryIsLoopback) {
      throw refused(host, realm, "it is on this host, the registry is not");
    }
    boolean plainIsFine = registryIsPlain
        && (Hosts.sameOrigin(uri, host.api()) || Hosts.mayBePlain(uri.getRawAuthority(), transport.settings().plainHttpHosts()));
    if (!uri.getScheme().equals("https") && !(uri.getScheme().equals("http") && plainIsFine)) {
      throw refused(host, realm, "it is not HTTPS");
    }
    return uri;
  }

  private static ImageException refused(RegistryHost host, String realm, String why) {
    return new ImageException.Unauthorized(
        "the registry " + host + " names the token service " + Printable.of(realm) + ", which is refused: " + why, null);
  }

  private Token fetch(RegistryHost host, URI realm, String service, String scope, Credentials credentials)
      throws ImageException, IOException, InterruptedException {
    RegistryHost server = Hosts.sameOrigin(realm, host.api()) ? host : host.elsewhere(realm);
    try (Answer answer = transport.send(request(realm, service, scope, credentials), server)) {
      if (answer.isTransient()) {
        throw new IOException("the token service " + realm.getRawAuthority() + " answered " + answer.status());
      }
      if (!answer.isSuccess()) {
        throw new ImageException.Unauthorized("the token service " + realm.getRawAuthority() + " refused"
            + (credentials.isEmpty() ? " an anonymous pull" : " these credentials") + ": it answered " + answer.status(), null);
      }
      byte[] body = answer.body().readNBytes(MAX_BYTES);
      return token(JSON.readTree(body), realm);
    } catch (JacksonException e) {
      throw new ImageException.Unauthorized("the token service " + realm.getRawAuthority() + " sent no valid JSON", null);
    }
  }

  private HttpRequest request(URI realm, String service, String scope, Credentials credentials) {
    String query = parameter("service", service) + parameter("scope", scope);
    HttpRequest.Builder request = HttpRequest.newBuilder().timeout(transport.settings().responseTimeout());
    if (!credentials.identityToken().isEmpty()) {
      String form = "grant_type=refresh_token" + query + parameter("client_id", "izolo")
          + parameter("refresh_token", credentials.identityToken());
      return request.uri(realm)
          .header("Content-Type", "application/x-www-form-urlencoded")
          .POST(HttpRequest.BodyPublishers.ofString(form))
          .build();
    }
    if (!credentials.basic().isEmpty()) {
      request.header("Authorization", "Basic " + credentials.basic());
      query += credentials.user().map(user -> parameter("account", user)).orElse("");
    }
    String base = realm.toString();
    String separator = realm.getRawQuery() == null ? "?" : "&";
    return request.uri(URI.create(query.isEmpty() ? base : base + separator + query.substring(1))).GET().build();
  }

  private static String parameter(String name, String value) {
    return value.isEmpty() ? "" : "&" + name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
  }

  private static Token token(JsonNode answer, URI realm) throws ImageException {
    String text = answer.path("token").asText("");
    if (text.isEmpty()) {
      text = answer.path("access_token").asText("");
    }
    if (text.isEmpty() || !text.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new ImageException.Unauthorized("the token service " + realm.getRawAuthority() + " sent no token", null);
    }
    long seconds = Math.clamp(answer.path("expires_in").asLong(DEFAULT_LIFE.toSeconds()), 0, 86_400);
    Duration life = Duration.ofSeconds(Math.max(seconds, DEFAULT_LIFE.toSeconds())).minus(MARGIN);
    return new Token(text, Instant.now().plus(life));
  }
}
