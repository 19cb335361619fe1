package dev.izolo.image;

/**
 * Credentials for one pull, as CRI's AuthConfig carries them; empty strings for what is absent. Never logged: its text
 * form shows only which members are set.
 */
public record RegistryAuth(String username, String password, String auth, String serverAddress, String identityToken, String registryToken) {
  public static final RegistryAuth NONE = new RegistryAuth("", "", "", "", "", "");

  @Override
  public String toString() {
    return "RegistryAuth[username=" + (username.isEmpty() ? "unset" : "set") + ", token=" + (identityToken.isEmpty() && registryToken.isEmpty() ? "unset" : "set") + "]";
  }
}
