package dev.izolo.image.layer;

import dev.izolo.image.Digest;
import dev.izolo.image.oci.BlobReadException;
import dev.izolo.image.tar.TarFormatException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.security.MessageDigest;

/** Hashes and counts what is read through it, and refuses to go over a limit. */
final class MeteredInput extends FilterInputStream {
  private final MessageDigest hash;
  private final long limit;
  private final String what;
  private long count;

  MeteredInput(InputStream in, MessageDigest hash, long limit, String what) {
    super(in);
    this.hash = hash;
    this.limit = limit;
    this.what = what;
  }

  long count() {
    return count;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    int read = readOrExplain(buffer, offset, length);
    if (read > 0) {
      hash.update(buffer, offset, read);
      count += read;
      if (count > limit) {
        throw new LayerTooLargeException(what + " is larger than " + limit + " bytes");
      }
    }
    return read;
  }

  /** What a decompressor says is wrong is the blob's fault; what the blob's source says passes as it is. */
  private int readOrExplain(byte[] buffer, int offset, int length) throws IOException {
    try {
      return in.read(buffer, offset, length);
    } catch (BlobReadException | ClosedByInterruptException e) {
      throw e;
    } catch (IOException e) {
      throw new TarFormatException("the layer cannot be decompressed: " + e.getMessage());
    }
  }

  /** Skipped bytes count and are hashed as well. */
  @Override
  public long skip(long n) throws IOException {
    byte[] sink = new byte[(int) Math.min(n, 8192)];
    return n <= 0 ? 0 : Math.max(0, read(sink, 0, sink.length));
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  /** Digest of what was read so far; ends the hash. */
  Digest digest(String algorithm) {
    return Digest.of(algorithm, hash.digest());
  }

  /** Reads on to the end. */
  void drain() throws IOException {
    byte[] sink = new byte[8192];
    while (read(sink, 0, sink.length) >= 0) {}
  }
}
