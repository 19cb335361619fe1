package dev.izolo.cri;

import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.ImageSpec;
import dev.izolo.cri.v1.PodSandboxConfig;
import dev.izolo.cri.v1.PodSandboxMetadata;
import dev.izolo.state.CriException;
import java.util.regex.Pattern;

/** What a request must hold before any service sees it. */
final class Requests {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}");
  private static final int MAX_NAME = 253;
  private static final int MAX_REFERENCE = 4096;

  private Requests() {}

  static String sandboxId(String id) throws CriException {
    return id("pod_sandbox_id", id);
  }

  static String containerId(String id) throws CriException {
    return id("container_id", id);
  }

  static PodSandboxConfig sandbox(boolean present, PodSandboxConfig config) throws CriException {
    require(present, "config is missing: a pod sandbox needs one");
    require(config.hasMetadata(), "config.metadata is missing: it names the pod");
    PodSandboxMetadata metadata = config.getMetadata();
    name("config.metadata.name", metadata.getName());
    name("config.metadata.namespace", metadata.getNamespace());
    name("config.metadata.uid", metadata.getUid());
    return config;
  }

  static ContainerConfig container(boolean present, ContainerConfig config) throws CriException {
    require(present, "config is missing: a container needs one");
    require(config.hasMetadata(), "config.metadata is missing: it names the container");
    name("config.metadata.name", config.getMetadata().getName());
    image(config.hasImage(), "config.image", config.getImage());
    return config;
  }

  /** The image a spec names. */
  static String image(boolean present, String field, ImageSpec spec) throws CriException {
    require(present && !spec.getImage().isBlank(), field + " is missing: name an image");
    require(spec.getImage().length() <= MAX_REFERENCE, field + " is longer than any image's name");
    return spec.getImage();
  }

  static void require(boolean condition, String otherwise) throws CriException {
    if (!condition) {
      throw new CriException.InvalidArgument(otherwise);
    }
  }

  private static String id(String field, String id) throws CriException {
    require(!id.isEmpty(), field + " is missing");
    require(ID.matcher(id).matches(), field + " is no id: letters, digits, '-', '_' and '.', 128 at most");
    return id;
  }

  private static void name(String field, String name) throws CriException {
    require(!name.isBlank(), field + " is missing");
    require(name.length() <= MAX_NAME, field + " is longer than " + MAX_NAME + " characters");
    require(name.chars().noneMatch(Character::isISOControl), field + " holds a control character");
  }
}
