package dev.izolo.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Addresses of unix sockets as the kubelet and crictl write them. */
public final class SocketAddresses {
  /** Room in sockaddr_un's sun_path, less the closing NUL (unix(7)). */
  private static final int MAX_PATH_BYTES = 107;

  private SocketAddresses() {}

  /**
   * The path of {@code unix:///path}, or of a bare absolute path.
   *
   * @throws IllegalArgumentException with what is wrong
   */
  public static Path path(String address) {
    String path = address.startsWith("unix://") ? address.substring("unix://".length()) : address;
    if (!path.startsWith("/") || path.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("\"" + address + "\" is not a unix socket's address: write unix:///path");
    }
    Path socket = Path.of(path).normalize();
    if (socket.getNameCount() == 0) {
      throw new IllegalArgumentException("\"" + address + "\" names no file");
    }
    if (socket.toString().getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES) {
      throw new IllegalArgumentException("\"" + address + "\" is longer than the " + MAX_PATH_BYTES
          + " bytes that the kernel takes");
    }
    return socket;
  }
}
