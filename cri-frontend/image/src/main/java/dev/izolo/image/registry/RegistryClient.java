package dev.izolo.image.registry;

import dev.izolo.image.ImageException;
import dev.izolo.image.Printable;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Asks one server for one repository: authenticates as it demands, follows its redirects, reads its refusals. */
final class RegistryClient {
  private static final int MAX_REDIRECTS = 5;
  private static final int MAX_REFUSALS = 3;

  private final Transport transport;
  private final Tokens tokens;
  private final RegistryHost host;
  private final String repository;
  private final String query;
  private final Credentials credentials;

  /** The Authorization header that worked last, empty at first; another thread's newer one is as good. */
  private volatile String authorization = "";

  RegistryClient(Transport transport, Tokens tokens, RegistryHost host, String domain, String repository,
      Credentials credentials) {
    this.transport = transport;
    this.tokens = tokens;
    this.host = host;
    this.repository = repository;
    // A mirror may serve several registries: this says which is meant (containerd, docs/hosts.md).
    this.query = host.isOrigin() ? "" : "?ns=" + URLEncoder.encode(domain, StandardCharsets.UTF_8);
    this.credentials = credentials;
    if (!credentials.registryToken().isEmpty()) {
      authorization = "Bearer " + credentials.registryToken();
    }
  }

  RegistryHost host() {
    return host;
  }

  /**
   * GETs a path of the repository, beneath {@code /v2/<repository>/}.
   *
   * @return a successful answer
   * @throws IOException if the request failed in a way that may pass
   * @throws ImageException if it will fail again
   */
  Answer get(String path, Map<String, String> headers) throws IOException, ImageException, InterruptedException {
    URI uri = URI.create(host.api() + "/" + repository + "/" + path + query);
    for (int refusals = 0; ; refusals++) {
      String sent = authorization;
      Answer answer = followingRedirects(uri, headers, sent);
      if (answer.isSuccess()) {
        return answer;
      }
      try (answer) {
        if (answer.status() != 401 || refusals == MAX_REFUSALS || !Hosts.sameOrigin(answer.uri(), host.api())) {
          throw failure(answer, path);
        }
        authorization = authorize(Challenge.parse(answer.headers().allValues("WWW-Authenticate")), sent, path);
      }
    }
  }

  private Answer followingRedirects(URI uri, Map<String, String> headers, String authorizationHeader)
      throws IOException, ImageException, InterruptedException {
    URI at = uri;
    for (int redirects = 0; ; redirects++) {
      boolean home = Hosts.sameOrigin(at, host.api());
      HttpRequest.Builder request = HttpRequest.newBuilder(at).timeout(transport.settings().responseTimeout()).GET();
      headers.forEach(request::setHeader);
      if (home) {
        host.headers().forEach((name, values) -> values.forEach(value -> request.header(name, value)));
        if (!authorizationHeader.isEmpty()) {
          request.setHeader("Authorization", authorizationHeader);
        }
      }
      Answer answer = transport.send(request.build(), home ? host : host.elsewhere(at));
      if (!answer.isRedirect()) {
        return answer;
      }
      try (answer) {
        if (redirects == MAX_REDIRECTS) {
          throw new ImageException.Unavailable("the registry " + host + " redirects too often", null);
        }
        at = redirectTarget(at, answer.headers().firstValue("Location"));
      }
    }
  }

  /** No registry may send the daemon to a service of this host, or from TLS to plain HTTP. */
  private URI redirectTarget(URI from, Optional<String> location) throws ImageException {
    String text = location.orElse("");
    URI to;
    try {
      to = from.resolve(text);
    } catch (IllegalArgumentException e) {
      throw badRedirect(text, "it is no address");
    }
    if (text.isEmpty() || to.getHost() == null || to.getRawUserInfo() != null) {
      throw badRedirect(text, "it is no address");
    }
    String scheme = to.getScheme().toLowerCase(Locale.ROOT);
    boolean plain = scheme.equals("http");
    if (!plain && !scheme.equals("https")) {
      throw badRedirect(text, "it is neither HTTP nor HTTPS");
    }
    if (Hosts.isLoopback(to.getHost()) && !Hosts.isLoopback(host.api().getHost())) {
      throw badRedirect(text, "it leads to this host");
    }
    boolean plainAllowed = from.getScheme().equals("http")
        && (Hosts.sameOrigin(to, host.api()) || Hosts.mayBePlain(to.getRawAuthority(), transport.settings().plainHttpHosts()));
    if (plain && !plainAllowed) {
      throw badRedirect(text, "it is not HTTPS");
    }
    return to;
  }

  private ImageException badRedirect(String target, String why) {
    return new ImageException.Unavailable(
        "the registry " + host + " redirects to " + Printable.of(target) + ", which is refused: " + why, null);
  }

  private String authorize(List<Challenge> challenges, String sent, String path)
      throws ImageException, IOException, InterruptedException {
    for (Challenge challenge : challenges) {
      if (challenge.scheme().equals("bearer") && credentials.registryToken().isEmpty()) {
        String stale = sent.startsWith("Bearer ") ? sent.substring("Bearer ".length()) : "";
        return "Bearer " + tokens.get(host, challenge, "repository:" + repository + ":pull", credentials, stale);
      }
      if (challenge.scheme().equals("basic") && !credentials.basic().isEmpty() && !sent.startsWith("Basic ")) {
        return "Basic " + credentials.basic();
      }
    }
    throw new ImageException.Unauthorized("the registry " + host + " refuses "
        + (credentials.isEmpty() ? "an anonymous pull of " : "these credentials for ") + repository + " (" + path
        + "): give " + (credentials.isEmpty() ? "" : "other ") + "credentials", null);
  }

  /** A refusal as what it means for the pull. */
  private ImageException failure(Answer answer, String path) throws IOException {
    String what = "the registry " + host + " answered " + answer.status() + " for " + repository + " (" + path + ")";
    if (answer.isTransient()) {
      throw new TransientAnswerException(what, retryAfter(answer));
    }
    return switch (answer.status()) {
      case 404 -> new ImageException.NotFound("not found: " + what, null);
      case 401, 403 -> new ImageException.Unauthorized("not allowed: " + what, null);
      default -> new ImageException.Unavailable(what, null);
    };
  }

  /** Seconds only: dates are not in use here. */
  private static Duration retryAfter(Answer answer) {
    String value = answer.headers().firstValue("Retry-After").orElse("");
    return value.matches("\\d{1,5}") ? Duration.ofSeconds(Long.parseLong(value)) : Duration.ZERO;
  }
}
