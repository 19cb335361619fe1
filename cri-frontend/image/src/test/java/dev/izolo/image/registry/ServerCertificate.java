package dev.izolo.image.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * A server's key and the certificate that it signed itself, made by the JDK's keytool.
 *
 * @param pem the certificate, for clients to trust
 */
record ServerCertificate(SSLContext context, Path pem) {
  private static final String PASSWORD = "password";

  /** @param subject as keytool writes one, e.g. {@code ip:127.0.0.1} */
  static ServerCertificate make(Path directory, String name, String subject)
      throws IOException, InterruptedException, GeneralSecurityException {
    Path keys = directory.resolve(name + ".p12");
    Path pem = directory.resolve(name + ".pem");
    keytool(keys, "-genkeypair", "-keyalg", "EC", "-dname", "CN=" + name, "-ext", "san=" + subject, "-validity", "2");
    keytool(keys, "-exportcert", "-rfc", "-file", pem.toString());
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(keys)) {
      store.load(in, PASSWORD.toCharArray());
    }
    KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(store, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return new ServerCertificate(context, pem);
  }

  private static void keytool(Path keys, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-J-XX:TieredStopAtLevel=1",
        "-keystore", keys.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD, "-alias", "server"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }
}
