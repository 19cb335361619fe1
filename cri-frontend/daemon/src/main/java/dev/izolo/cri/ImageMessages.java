package dev.izolo.cri;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.izolo.cri.v1.AuthConfig;
import dev.izolo.cri.v1.FilesystemIdentifier;
import dev.izolo.cri.v1.FilesystemUsage;
import dev.izolo.cri.v1.ImageSpec;
import dev.izolo.cri.v1.Int64Value;
import dev.izolo.cri.v1.UInt64Value;
import dev.izolo.image.Image;
import dev.izolo.image.ImageService.Usage;
import dev.izolo.image.RegistryAuth;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** Images as CRI's messages. */
final class ImageMessages {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern UID = Pattern.compile("[0-9]{1,10}");

  private ImageMessages() {}

  static dev.izolo.cri.v1.Image image(Image image) {
    var message = dev.izolo.cri.v1.Image.newBuilder()
        .setId(image.id())
        .addAllRepoTags(image.repoTags())
        .addAllRepoDigests(image.repoDigests())
        .setSize(image.sizeBytes())
        .setSpec(ImageSpec.newBuilder().setImage(image.id()))
        .setPinned(image.pinned());
    // The kubelet decides runAsNonRoot by these: a number where the image gives one, else the name.
    String user = image.config().user().split(":", 2)[0];
    if (UID.matcher(user).matches()) {
      message.setUid(Int64Value.newBuilder().setValue(Long.parseLong(user)));
    } else {
      message.setUsername(user);
    }
    return message.build();
  }

  /** What {@code crictl inspecti} shows beside the message: the image's config and layers, as JSON. */
  static String info(Image image) {
    Map<String, Object> layers = new LinkedHashMap<>();
    image.layers().forEach(layer -> layers.put(layer.diffId(), layer.sizeBytes()));
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("config", image.config());
    info.put("layers", layers);
    try {
      return JSON.writeValueAsString(info);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an image's config cannot be written as JSON", e);
    }
  }

  static RegistryAuth auth(AuthConfig auth) {
    return new RegistryAuth(auth.getUsername(), auth.getPassword(), auth.getAuth(), auth.getServerAddress(),
        auth.getIdentityToken(), auth.getRegistryToken());
  }

  static FilesystemUsage filesystem(Usage usage) {
    Instant now = Instant.now();
    return FilesystemUsage.newBuilder()
        .setTimestamp(Math.addExact(Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L), now.getNano()))
        .setFsId(FilesystemIdentifier.newBuilder().setMountpoint(usage.directory().toString()))
        .setUsedBytes(UInt64Value.newBuilder().setValue(usage.usedBytes()))
        .setInodesUsed(UInt64Value.newBuilder().setValue(usage.usedInodes()))
        .build();
  }
}
