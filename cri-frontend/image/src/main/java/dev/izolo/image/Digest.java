package dev.izolo.image;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/**
 * A content digest, {@code algorithm:hex} (OCI image-spec, descriptor.md). Only the two registered algorithms, lower
 * case and full length are accepted, so its text can name a file or be part of a URL.
 *
 * @param algorithm {@code sha256} or {@code sha512}
 * @param hex lower-case hex, exactly as long as the algorithm's output
 */
public record Digest(String algorithm, String hex) {
  private static final Map<String, Integer> HEX_LENGTH = Map.of("sha256", 64, "sha512", 128);

  public Digest {
    Integer length = HEX_LENGTH.get(algorithm);
    if (length == null || hex.length() != length || !isLowerHex(hex)) {
      throw new IllegalArgumentException("not a digest: expected sha256: and 64, or sha512: and 128 lower-case hex digits");
    }
  }

  /** The digest that this text is, or empty if it is none. */
  public static Optional<Digest> tryParse(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      return Optional.empty();
    }
    String algorithm = text.substring(0, colon);
    String hex = text.substring(colon + 1);
    Integer length = HEX_LENGTH.get(algorithm);
    return length != null && hex.length() == length && isLowerHex(hex)
        ? Optional.of(new Digest(algorithm, hex))
        : Optional.empty();
  }

  /** @throws IllegalArgumentException if this text is no digest */
  public static Digest parse(String text) {
    return tryParse(text).orElseThrow(() -> new IllegalArgumentException("not a digest: " + Printable.of(text)));
  }

  public static Digest sha256(byte[] content) {
    MessageDigest hash = newHash("sha256");
    return of("sha256", hash.digest(content));
  }

  /** The digest that a finished hash is. */
  public static Digest of(String algorithm, byte[] hash) {
    return new Digest(algorithm, HexFormat.of().formatHex(hash));
  }

  /** A fresh hash of this digest's algorithm. */
  public MessageDigest newHash() {
    return newHash(algorithm);
  }

  private static MessageDigest newHash(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm.equals("sha256") ? "SHA-256" : "SHA-512");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256 and SHA-512", e);
    }
  }

  /** A name for a file: {@code sha256-...}. */
  public String fileName() {
    return algorithm + "-" + hex;
  }

  static boolean isLowerHex(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return algorithm + ":" + hex;
  }
}
