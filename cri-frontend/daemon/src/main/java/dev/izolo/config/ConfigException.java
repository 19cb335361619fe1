package dev.izolo.config;

/** The configuration cannot be used; the message names the file, the line where it is known, and what to write. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1;

  public ConfigException(String message) {
    super(message);
  }

  public ConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
