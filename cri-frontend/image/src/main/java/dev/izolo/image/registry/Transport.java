package dev.izolo.image.registry;

import dev.izolo.image.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/** HTTP clients, one for each way to trust certificates; bodies read from here fail when they stall. */
final class Transport implements AutoCloseable {
  private final RegistrySettings settings;
  private final StallGuard guard;
  private final Map<Trust, HttpClient> clients = new HashMap<>();

  /** How servers are trusted. A renewed file is another way, so that a change needs no restart. */
  private record Trust(boolean any, List<Authority> authorities) {
    static Trust of(RegistryHost host) throws ImageException {
      List<Authority> authorities = new ArrayList<>();
      // Where no certificate is checked, no authority matters.
      for (Path file : host.skipVerify() ? List.<Path>of() : host.certificates()) {
        try {
          authorities.add(new Authority(file, Files.getLastModifiedTime(file)));
        } catch (IOException e) {
          throw unusable(file, e);
        }
      }
      return new Trust(host.skipVerify(), authorities);
    }
  }

  private record Authority(Path file, FileTime modified) {}

  Transport(RegistrySettings settings) {
    this.settings = settings;
    this.guard = new StallGuard(settings.stallTimeout());
  }

  RegistrySettings settings() {
    return settings;
  }

  /** Sends one request; redirects are answers like any other. The body must be closed. */
  Answer send(HttpRequest request, RegistryHost host)
      throws IOException, InterruptedException, ImageException {
    try {
      HttpResponse<InputStream> response =
          client(host).send(request, HttpResponse.BodyHandlers.ofInputStream());
      return new Answer(request, response.statusCode(), response.headers(), guard.watch(response.body()));
    } catch (SSLException e) {
      throw untrusted(request, e);
    }
  }

  /** A refused certificate stays refused, so it is not tried again; other failures of TLS may pass. */
  private static ImageException untrusted(HttpRequest request, SSLException e) throws SSLException {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof CertificateException) {
        return new ImageException.Unavailable("the certificate of " + request.uri().getRawAuthority()
            + " is not trusted: " + cause.getMessage() + "; if it is right, name the authority that signed it as ca in the"
            + " registry's hosts.toml", e);
      }
    }
    throw e;
  }

  private synchronized HttpClient client(RegistryHost host) throws ImageException {
    Trust trust = Trust.of(host);
    HttpClient known = clients.get(trust);
    if (known != null) {
      return known;
    }
    HttpClient.Builder builder = HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .followRedirects(HttpClient.Redirect.NEVER)
        .connectTimeout(settings.connectTimeout())
        .executor(Executors.newVirtualThreadPerTaskExecutor());
    if (trust.any() || !trust.authorities().isEmpty()) {
      builder.sslContext(sslContext(trust));
    }
    HttpClient made = builder.build();
    clients.put(trust, made);
    return made;
  }

  private static SSLContext sslContext(Trust trust) throws ImageException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.any() ? new TrustManager[] {new TrustAny()} : trustManagers(trust.authorities()), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this Java has no TLS or no authorities", e);
    }
  }

  private static ImageException unusable(Path file, Exception e) {
    String why = e instanceof NoSuchFileException ? "there is no such file" : e.getMessage();
    return new ImageException.StoreFailed("cannot use the certificates " + file + " of a hosts.toml: " + why, e);
  }

  /** The platform's authorities and these. */
  private static TrustManager[] trustManagers(List<Authority> authorities)
      throws GeneralSecurityException, IOException, ImageException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    int number = 0;
    for (Authority authority : authorities) {
      for (Certificate certificate : certificates(authority.file())) {
        store.setCertificateEntry("configured-" + number++, certificate);
      }
    }
    TrustManagerFactory platform = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    platform.init((KeyStore) null);
    for (TrustManager manager : platform.getTrustManagers()) {
      if (manager instanceof X509TrustManager x509) {
        for (X509Certificate authority : x509.getAcceptedIssuers()) {
          store.setCertificateEntry("platform-" + number++, authority);
        }
      }
    }
    TrustManagerFactory all = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    all.init(store);
    return new ArrayList<>(List.of(all.getTrustManagers())).toArray(TrustManager[]::new);
  }

  private static Collection<? extends Certificate> certificates(Path file) throws ImageException {
    try (InputStream in = Files.newInputStream(file)) {
      var certificates = CertificateFactory.getInstance("X.509").generateCertificates(in);
      if (certificates.isEmpty()) {
        throw new CertificateException("it holds none");
      }
      return certificates;
    } catch (CertificateException | IOException e) {
      throw unusable(file, e);
    }
  }

  /** For hosts whose hosts.toml says skip_verify. */
  private static final class TrustAny extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  @Override
  public synchronized void close() {
    clients.values().forEach(HttpClient::shutdownNow);
    clients.clear();
    guard.close();
  }
}
