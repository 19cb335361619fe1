package dev.izolo.image.registry;

import dev.izolo.image.ImageException;
import dev.izolo.image.ImageReference;
import dev.izolo.image.RegistryAuth;
import dev.izolo.image.oci.BlobSource;
import java.util.ArrayList;
import java.util.List;

/** The way to all registries; connections and access tokens are kept for the next pull. Safe for concurrent use. */
public final class Registries implements AutoCloseable {
  private final RegistrySettings settings;
  private final Transport transport;
  private final Tokens tokens;

  public Registries(RegistrySettings settings) {
    this.settings = settings;
    this.transport = new Transport(settings);
    this.tokens = new Tokens(transport);
  }

  /**
   * Where an image comes from. The hosts.toml of its registry is read anew each time, so a change needs no restart.
   *
   * @throws ImageException if that file or the credentials are malformed
   */
  public BlobSource source(ImageReference reference, RegistryAuth auth) throws ImageException {
    List<RegistryClient> clients = new ArrayList<>();
    for (RegistryHost host : HostsFile.hostsFor(reference.domain(), settings)) {
      Credentials credentials = Credentials.of(auth, reference.domain(), host);
      clients.add(new RegistryClient(transport, tokens, host, reference.domain(), reference.path(), credentials));
    }
    return new RegistrySource(reference, clients, settings);
  }

  @Override
  public void close() {
    transport.close();
  }
}
