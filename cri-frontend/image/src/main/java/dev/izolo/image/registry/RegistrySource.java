package dev.izolo.image.registry;

import dev.izolo.image.Digest;
import dev.izolo.image.ImageException;
import dev.izolo.image.ImageReference;
import dev.izolo.image.Printable;
import dev.izolo.image.oci.BlobSource;
import dev.izolo.image.oci.Descriptor;
import dev.izolo.image.oci.Manifest;
import dev.izolo.image.oci.MediaTypes;
import dev.izolo.image.oci.VerifiedStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One image in a registry: mirrors are asked first, in their order, the registry itself last. */
final class RegistrySource implements BlobSource {
  private static final Logger LOG = LoggerFactory.getLogger(RegistrySource.class);
  private static final Map<String, String> ACCEPT = Map.of("Accept", MediaTypes.ACCEPT);

  private final ImageReference reference;
  private final List<RegistryClient> clients;
  private final RegistrySettings settings;

  RegistrySource(ImageReference reference, List<RegistryClient> clients, RegistrySettings settings) {
    this.reference = reference;
    this.clients = clients;
    this.settings = settings;
  }

  /** A request to one server. */
  private interface Request<T> {
    T on(RegistryClient client) throws IOException, ImageException, InterruptedException;
  }

  @Override
  public Document resolve() throws ImageException, InterruptedException {
    // A server without the right to resolve may still be asked for a digest: its answer can be checked.
    Predicate<RegistryHost> able = host -> reference.digest().isPresent() ? host.canPull() : host.canResolve();
    return fromAny(able, client -> {
      try (Answer answer = client.get("manifests/" + reference.target(), ACCEPT)) {
        byte[] content = read(answer, Manifest.MAX_BYTES);
        checkPromises(content, answer);
        String type = answer.headers().firstValue("Content-Type").orElse("").replaceFirst(";.*", "").strip();
        Digest digest = reference.digest().isPresent() ? reference.digest().get() : Digest.sha256(content);
        return new Document(new Descriptor(type, digest, content.length, null), content);
      }
    });
  }

  private void checkPromises(byte[] content, Answer answer) throws ImageException {
    if (reference.digest().isPresent()) {
      verify(content, reference.digest().get(), "the manifest of " + reference);
    }
    String promised = answer.headers().firstValue("Docker-Content-Digest").orElse("");
    if (!promised.isEmpty()) {
      Digest digest = Digest.tryParse(promised).orElseThrow(() -> new ImageException.Corrupt(
          "the registry " + answer.uri().getRawAuthority() + " names no valid digest: " + Printable.of(promised), null));
      verify(content, digest, "the manifest of " + reference);
    }
  }

  @Override
  public byte[] document(Descriptor descriptor) throws ImageException, InterruptedException {
    // Manifests are told by their media type; everything else, configs included, is a blob.
    boolean isManifest = descriptor.mediaType().contains("manifest") || descriptor.mediaType().contains("index");
    String path = (isManifest ? "manifests/" : "blobs/") + descriptor.digest();
    return fromAny(RegistryHost::canPull, client -> {
      try (Answer answer = client.get(path, isManifest ? ACCEPT : Map.of())) {
        byte[] content = read(answer, Math.min(descriptor.size(), Manifest.MAX_BYTES));
        if (content.length != descriptor.size()) {
          throw new ImageException.Corrupt("the document " + descriptor.digest() + " has not the size that its"
              + " descriptor says, " + descriptor.size() + " bytes", null);
        }
        verify(content, descriptor.digest(), "the document " + descriptor.digest());
        return content;
      }
    });
  }

  @Override
  public InputStream blob(Descriptor descriptor) throws ImageException, InterruptedException {
    return new VerifiedStream(new ResumingStream(this, descriptor, settings), descriptor);
  }

  /** A blob's bytes from an offset on, as one answer gives them. */
  InputStream open(Descriptor descriptor, long offset) throws ImageException, InterruptedException {
    Map<String, String> headers = offset == 0 ? Map.of() : Map.of("Range", "bytes=" + offset + "-");
    return fromAny(RegistryHost::canPull, client -> {
      Answer answer = client.get("blobs/" + descriptor.digest(), headers);
      boolean taken = false;
      try {
        if (answer.status() == 206) {
          String range = answer.headers().firstValue("Content-Range").orElse("");
          if (!range.startsWith("bytes " + offset + "-")) {
            throw new ImageException.Corrupt("the registry " + client.host() + " sent another part of a blob than asked for", null);
          }
        } else {
          long length = answer.headers().firstValueAsLong("Content-Length").orElse(descriptor.size());
          if (length != descriptor.size()) {
            throw new ImageException.Corrupt("the registry " + client.host() + " has " + length + " bytes for the blob "
                + descriptor.digest() + ", whose descriptor says " + descriptor.size(), null);
          }
          answer.body().skipNBytes(offset);
        }
        taken = true;
        return answer.body();
      } finally {
        if (!taken) {
          answer.close();
        }
      }
    });
  }

  private <T> T fromAny(Predicate<RegistryHost> able, Request<T> request) throws ImageException, InterruptedException {
    ImageException last = null;
    for (RegistryClient client : clients) {
      if (able.test(client.host())) {
        if (last != null) {
          LOG.warn("trying {} for {}, since: {}", client.host(), reference, last.getMessage());
        }
        try {
          return withRetries(client, request);
        } catch (ImageException e) {
          last = e;
        }
      }
    }
    throw last != null
        ? last
        : new ImageException.NotFound("no server configured for " + reference.domain() + " may be asked for " + reference, null);
  }

  /** Mirrors get one chance, as there is another server behind them. */
  private <T> T withRetries(RegistryClient client, Request<T> request) throws ImageException, InterruptedException {
    Backoff backoff = new Backoff(client.host().isOrigin() ? settings.attempts() : 1, settings.firstBackoff());
    while (true) {
      try {
        return request.on(client);
      } catch (IOException e) {
        try {
          backoff.pause(e);
        } catch (IOException finalFailure) {
          throw unavailable(client.host(), finalFailure);
        }
      }
    }
  }

  private ImageException unavailable(RegistryHost host, IOException e) {
    Throwable cause = e;
    while (cause.getMessage() == null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    String why = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    return new ImageException.Unavailable("cannot get " + reference + " from the registry " + host + ": " + why, e);
  }

  private static byte[] read(Answer answer, long max) throws IOException, ImageException {
    byte[] content = answer.body().readNBytes((int) max + 1);
    if (content.length > max) {
      throw new ImageException.Corrupt(
          "the registry " + answer.uri().getRawAuthority() + " sent a document larger than " + max + " bytes", null);
    }
    return content;
  }

  private static void verify(byte[] content, Digest digest, String what) throws ImageException {
    Digest actual = Digest.of(digest.algorithm(), digest.newHash().digest(content));
    if (!actual.equals(digest)) {
      throw new ImageException.Corrupt(what + " came with other content: expected " + digest + ", got " + actual, null);
    }
  }
}
