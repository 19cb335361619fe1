package dev.izolo.image;

import java.util.List;
import java.util.Map;

/** The runtime part of an OCI image config (image-spec, config.md); absent members are empty, never null. */
public record ImageConfig(
    String os,
    String architecture,
    String user,
    List<String> env,
    List<String> entrypoint,
    List<String> cmd,
    String workingDir,
    String stopSignal,
    List<String> volumes,
    Map<String, String> labels) {}
