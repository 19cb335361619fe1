package dev.izolo.image.oci;

import com.fasterxml.jackson.databind.JsonNode;
import dev.izolo.image.Digest;
import dev.izolo.image.ImageConfig;
import dev.izolo.image.ImageException;
import java.util.ArrayList;
import java.util.List;

/**
 * An image's config (image-spec, config.md).
 *
 * @param diffIds digests of the layers' tars, lowest first
 */
public record ConfigDocument(ImageConfig config, List<Digest> diffIds) {
  /** Linux's bound on one argument or environment string. */
  private static final int MAX_STRING = 131_072;

  private static final int MAX_PATH = 4096;
  private static final int MAX_USER = 256;

  /** Every string is bounded and without NUL; what a string means is for its user to check. */
  public static ConfigDocument parse(byte[] content) throws ImageException {
    JsonNode root = Json.object(content, "the image's config");
    JsonNode run = Json.members(root, "config");
    ImageConfig config = new ImageConfig(
        Json.text(root, "os", 64),
        Json.text(root, "architecture", 64),
        Json.text(run, "User", MAX_USER),
        Json.texts(run, "Env", MAX_STRING),
        Json.texts(run, "Entrypoint", MAX_STRING),
        Json.texts(run, "Cmd", MAX_STRING),
        Json.text(run, "WorkingDir", MAX_PATH),
        Json.text(run, "StopSignal", 64),
        Json.keys(run, "Volumes", MAX_PATH),
        Json.textMap(run, "Labels", MAX_STRING));
    List<Digest> diffIds = new ArrayList<>();
    for (String diffId : Json.texts(Json.members(root, "rootfs"), "diff_ids", 256)) {
      diffIds.add(Json.digest(diffId));
    }
    return new ConfigDocument(config, List.copyOf(diffIds));
  }
}
