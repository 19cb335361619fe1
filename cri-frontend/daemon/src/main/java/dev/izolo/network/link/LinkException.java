package dev.izolo.network.link;

/** The kernel or iproute2 refused a namespace, link, or filter; the message quotes it. */
public final class LinkException extends Exception {
  private static final long serialVersionUID = 1;

  public LinkException(String message, Throwable cause) {
    super(message, cause);
  }
}
