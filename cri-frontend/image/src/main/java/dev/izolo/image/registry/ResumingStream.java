package dev.izolo.image.registry;

import dev.izolo.image.ImageException;
import dev.izolo.image.oci.BlobReadException;
import dev.izolo.image.oci.Descriptor;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;

/** A blob's bytes over as many requests as it takes: what breaks off is continued where it broke. */
final class ResumingStream extends InputStream {
  private final RegistrySource source;
  private final Descriptor descriptor;
  private final Backoff backoff;
  private InputStream current;
  private long offset;

  ResumingStream(RegistrySource source, Descriptor descriptor, RegistrySettings settings)
      throws ImageException, InterruptedException {
    this.source = source;
    this.descriptor = descriptor;
    this.backoff = new Backoff(settings.attempts(), settings.firstBackoff());
    this.current = source.open(descriptor, 0);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int start, int length) throws IOException {
    while (true) {
      try {
        int count = current.read(buffer, start, length);
        if (count >= 0 || offset >= descriptor.size()) {
          offset += Math.max(count, 0);
          if (count > 0) {
            backoff.progressed();
          }
          return count;
        }
        throw new EOFException("it ends early");
      } catch (IOException e) {
        if (e.getCause() instanceof InterruptedException || Thread.currentThread().isInterrupted()) {
          throw interrupted();
        }
        resume(e);
      }
    }
  }

  private void resume(IOException failure) throws IOException {
    current.close();
    try {
      backoff.pause(failure);
      current = source.open(descriptor, offset);
    } catch (InterruptedException e) {
      throw interrupted();
    } catch (ImageException e) {
      throw new BlobReadException(e);
    } catch (IOException e) {
      String what = "the blob " + descriptor.digest() + " broke off after " + offset + " of " + descriptor.size() + " bytes";
      throw new BlobReadException(e instanceof EOFException
          ? new ImageException.Corrupt(what + ": the registry has no more of it", e)
          : new ImageException.Unavailable(what + ": " + e.getMessage(), e));
    }
  }

  private static IOException interrupted() {
    Thread.currentThread().interrupt();
    return new ClosedByInterruptException();
  }

  @Override
  public void close() throws IOException {
    current.close();
  }
}
