package dev.izolo.vm;

import java.nio.file.Path;

/**
 * A disk to attach. Only regular files that Izolo itself made are ever attached: the VMM refuses block devices,
 * symbolic links and anything outside its configured directories (CVE-2026-24054).
 *
 * @param serial what the guest sees as the disk's serial, {@code [A-Za-z0-9-]{1,36}}; the agent checks it
 */
public record DiskSpec(Path file, boolean readOnly, String serial) {}
