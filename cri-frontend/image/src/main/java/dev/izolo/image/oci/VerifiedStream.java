package dev.izolo.image.oci;

import dev.izolo.image.Digest;
import dev.izolo.image.ImageException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;

/** A blob's bytes, whose end is only reached if size and digest are the descriptor's. */
public final class VerifiedStream extends FilterInputStream {
  private final Descriptor descriptor;
  private final MessageDigest hash;
  private long count;
  private boolean ended;

  public VerifiedStream(InputStream in, Descriptor descriptor) {
    super(in);
    this.descriptor = descriptor;
    this.hash = descriptor.digest().newHash();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    int read = in.read(buffer, offset, length);
    if (read > 0) {
      hash.update(buffer, offset, read);
      count += read;
    }
    if (count > descriptor.size() || (read < 0 && count < descriptor.size())) {
      throw mismatch("has not the size that its descriptor says, " + descriptor.size() + " bytes");
    }
    if (read < 0 && !ended) {
      ended = true;
      Digest actual = Digest.of(descriptor.digest().algorithm(), hash.digest());
      if (!actual.equals(descriptor.digest())) {
        throw mismatch("came with other content: its digest is " + actual);
      }
    }
    return read;
  }

  private BlobReadException mismatch(String what) {
    return new BlobReadException(new ImageException.Corrupt("the blob " + descriptor.digest() + " " + what, null));
  }

  @Override
  public long skip(long n) throws IOException {
    byte[] sink = new byte[(int) Math.min(Math.max(n, 1), 8192)];
    return n <= 0 ? 0 : Math.max(0, read(sink, 0, sink.length));
  }

  @Override
  public boolean markSupported() {
    return false;
  }
}
