package dev.izolo.cli;

import dev.izolo.cri.v1.VersionRequest;
import java.util.Optional;

/** Notices a daemon that was started from another build than this command: what was changed since is not in it. */
final class OtherVersion {
  private OtherVersion() {}

  /** What to tell the person, if the daemon is of another version than {@code own}. */
  static Optional<String> warning(CriClient client, String own) {
    String serving = client.runtime().version(VersionRequest.getDefaultInstance()).getRuntimeVersion();
    return serving.equals(own)
        ? Optional.empty()
        : Optional.of("izolo: the daemon that serves is version " + serving + ", this command is " + own
            + "; end that daemon (its pods keep running) and the next command starts one of its own version");
  }
}
